//! Python expressions of one variable, as far as the recordings have them.

use std::str::FromStr;

/// An expression of `t` or `x`.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Number(f64),
    Variable,
    Minus(Box<Expression>),
    /// `math.name(argument)`.
    Call(Function, Box<Expression>),
    Operation(Operator, Box<[Expression; 2]>),
    /// `first operator second operator third`, which is true if all pairs are.
    Comparison(Box<Expression>, Vec<(Relation, Expression)>),
    /// `then if condition else otherwise`.
    Choice {
        condition: Box<Expression>,
        then: Box<Expression>,
        otherwise: Box<Expression>,
    },
}

type Function = fn(f64) -> f64;
type Operator = fn(f64, f64) -> f64;
type Relation = fn(&f64, &f64) -> bool;

impl Expression {
    pub(crate) fn at(&self, variable: f64) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Variable => variable,
            Self::Minus(operand) => -operand.at(variable),
            Self::Call(function, argument) => function(argument.at(variable)),
            Self::Operation(operator, operands) => {
                operator(operands[0].at(variable), operands[1].at(variable))
            }
            Self::Comparison(first, rest) => {
                let mut left = first.at(variable);
                for (relation, right) in rest {
                    let right = right.at(variable);
                    if !relation(&left, &right) {
                        return 0.0;
                    }
                    left = right;
                }
                1.0
            }
            Self::Choice {
                condition,
                then,
                otherwise,
            } => match condition.at(variable) {
                0.0 => otherwise.at(variable),
                _ => then.at(variable),
            },
        }
    }
}

/// Python's `//`, towards minus infinity.
fn floor_divided(left: f64, right: f64) -> f64 {
    let rest = remainder(left, right);
    ((left - rest) / right).round()
}

/// Python's `%`, with the sign of the divisor.
fn remainder(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest != 0.0 && (rest < 0.0) != (right < 0.0) {
        rest + right
    } else {
        rest
    }
}

impl FromStr for Expression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            rest: text.trim_start(),
        };
        let found = reader.choice().and_then(|expression| {
            if reader.rest.is_empty() {
                Ok(expression)
            } else {
                Err("the end".to_owned())
            }
        });
        found.map_err(|expected| {
            let place = text.len() - reader.rest.len();
            format!("{text:?}: {expected} is expected at {place}")
        })
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self, length: usize) {
        self.rest = self.rest[length..].trim_start();
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let found = self.rest.starts_with(symbol);
        if found {
            self.skip(symbol.len());
        }
        found
    }

    fn needs(&mut self, symbol: &str) -> Result<(), String> {
        match self.takes(symbol) {
            true => Ok(()),
            false => Err(format!("`{symbol}`")),
        }
    }

    /// The name in front, which may be empty.
    fn name(&self) -> &str {
        let end = self
            .rest
            .find(|next: char| !next.is_ascii_alphanumeric() && next != '_' && next != '.');
        &self.rest[..end.unwrap_or(self.rest.len())]
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.name() == word && self.takes(word)
    }

    fn choice(&mut self) -> Result<Expression, String> {
        let then = self.comparison()?;
        if !self.takes_word("if") {
            return Ok(then);
        }
        let condition = Box::new(self.comparison()?);
        if !self.takes_word("else") {
            return Err("`else`".to_owned());
        }
        Ok(Expression::Choice {
            condition,
            then: Box::new(then),
            otherwise: Box::new(self.choice()?),
        })
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let relations: [(&str, Relation); 6] = [
            ("<=", f64::le),
            (">=", f64::ge),
            ("==", f64::eq),
            ("!=", f64::ne),
            ("<", f64::lt),
            (">", f64::gt),
        ];
        let first = self.sum()?;
        let mut rest = Vec::new();
        while let Some((_, relation)) = relations.iter().find(|(symbol, _)| self.takes(symbol)) {
            rest.push((*relation, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expression::Comparison(Box::new(first), rest))
    }

    /// Operands of the next level with operators between them, which are taken from the left.
    fn left_to_right(
        &mut self,
        operators: &[(&str, Operator)],
        operand: fn(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.takes(symbol)) {
            left = Expression::Operation(*operator, Box::new([left, operand(self)?]));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let operators: [(&str, Operator); 2] = [("+", |a, b| a + b), ("-", |a, b| a - b)];
        self.left_to_right(&operators, Self::product)
    }

    fn product(&mut self) -> Result<Expression, String> {
        let operators: [(&str, Operator); 4] = [
            ("*", |a, b| a * b),
            ("//", floor_divided),
            ("/", |a, b| a / b),
            ("%", remainder),
        ];
        self.left_to_right(&operators, Self::signed)
    }

    fn signed(&mut self) -> Result<Expression, String> {
        if self.takes("-") {
            return Ok(Expression::Minus(Box::new(self.signed()?)));
        }
        if self.takes("+") {
            return self.signed();
        }
        self.power()
    }

    /// The exponent binds first, also where it has a sign.
    fn power(&mut self) -> Result<Expression, String> {
        let base = self.atom()?;
        if !self.takes("**") {
            return Ok(base);
        }
        let exponent = self.signed()?;
        Ok(Expression::Operation(f64::powf, Box::new([base, exponent])))
    }

    fn atom(&mut self) -> Result<Expression, String> {
        if self.takes("(") {
            let inside = self.choice()?;
            self.needs(")")?;
            return Ok(inside);
        }
        if self
            .rest
            .starts_with(|next: char| next.is_ascii_digit() || next == '.')
        {
            return self.number();
        }
        if self.takes_word("t") || self.takes_word("x") {
            return Ok(Expression::Variable);
        }
        if self.takes_word("math.pi") {
            return Ok(Expression::Number(std::f64::consts::PI));
        }
        let functions: [(&str, Function); 5] = [
            ("math.exp", f64::exp),
            ("math.sin", f64::sin),
            ("math.cos", f64::cos),
            ("math.sqrt", f64::sqrt),
            ("math.log", f64::ln),
        ];
        let named = functions.iter().find(|(name, _)| self.takes_word(name));
        let (_, function) = named.ok_or("a number, a name or `(`")?;
        self.needs("(")?;
        let argument = Box::new(self.choice()?);
        self.needs(")")?;
        Ok(Expression::Call(*function, argument))
    }

    fn number(&mut self) -> Result<Expression, String> {
        let digits = |text: &str| text.find(|next: char| !next.is_ascii_digit() && next != '.');
        let mut end = digits(self.rest).unwrap_or(self.rest.len());
        if let Some(exponent) = self.rest[end..].strip_prefix(['e', 'E']) {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let length = digits(unsigned).unwrap_or(unsigned.len());
            end = self.rest.len() - unsigned.len() + length;
        }
        let number = self.rest[..end].parse().map_err(|_| "a number")?;
        self.skip(end);
        Ok(Expression::Number(number))
    }
}

#[test]
fn it_computes_what_python_does() {
    let at = |text: &str, variable| text.parse::<Expression>().unwrap().at(variable);
    for (text, variable, expected) in [
        ("0.5 * (1 + math.sin(x * math.pi / 2.))", 1.0, 1.0),
        ("1 / (5 ** (x * 0.01))", 100.0, 0.2),
        ("0.5 if t % 10 == 0 else 1.0", 20.0, 0.5),
        ("0.5 if t % 10 == 0 else 1.0", 21.0, 1.0),
        ("1 if t < 2 else 2 if t <= 3 else 3", 3.0, 2.0),
        ("1 if t < 2 else 2 if t <= 3 else 3", 4.0, 3.0),
        ("2 if 1 < t < 3 else 4", 3.0, 4.0),
        ("2 if 1 < t != 3 >= 2 else 4", 2.0, 2.0),
        ("-2 ** 2", 0.0, -4.0),
        ("2 ** -1", 0.0, 0.5),
        ("2 ** 3 ** 2", 0.0, 512.0),
        ("10 - 4 - 3", 0.0, 3.0),
        ("8 / 4 / 2", 0.0, 1.0),
        ("2 + 3 * 4", 0.0, 14.0),
        ("7 // 2 * 2", 0.0, 6.0),
        ("-7 // 2", 0.0, -4.0),
        ("-7 % 3", 0.0, 2.0),
        ("7 % -3", 0.0, -2.0),
        ("t // 30", 59.0, 1.0),
        ("+t - -1", 1.0, 2.0),
        ("1e-3 + 2.5E+1 + .5 + 3.", 0.0, 28.501),
        ("(t > 1) * 3 + (t == 1)", 2.0, 3.0),
        (
            "math.exp(0) + math.cos(0) + math.sqrt(t) + math.log(1)",
            4.0,
            4.0,
        ),
    ] {
        assert_eq!(at(text, variable), expected, "{text}");
    }
    for wrong in [
        "",
        "1 +",
        "(1",
        "y",
        "1 2",
        "1 if t",
        "math.tan(1)",
        "t2",
        "1 if t els 2",
        "1..2",
    ] {
        assert!(wrong.parse::<Expression>().is_err(), "{wrong}");
    }
}
