//! An axis: from values to places, and the values that are named along it.

/// How far apart equal distances on an axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// Equal differences.
    Linear,
    /// Equal ratios; there is no zero and nothing below it.
    Logarithmic,
}

/// An axis over the values that it has to show.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    spacing: Spacing,
    low: f64,
    high: f64,
    /// The values that are named, in order.
    ticks: Vec<f64>,
    /// The distance between the ticks of a linear axis; a logarithmic one has none.
    step: f64,
}

/// About so many values are named on an axis.
const TICKS: f64 = 5.0;
/// Beyond this an axis ends: differences of values stay finite, and powers of ten stay numbers.
const FARTHEST: f64 = 1e300;

impl Spacing {
    /// The name that a page's script knows.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Logarithmic => "logarithmic",
        }
    }
}

impl Scale {
    /// An axis from the lowest of `values` to the highest, both exactly; `None` without a value that it can show.
    pub(super) fn over(spacing: Spacing, values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = extent(spacing, values)?;
        Some(match spacing {
            Spacing::Linear => Self::linear(low, high, round_step((high - low) / TICKS)),
            Spacing::Logarithmic => Self::logarithmic(low, high, named_digits(low, high)),
        })
    }

    /// The same, lengthened at both ends to a value that is named.
    pub(super) fn around(spacing: Spacing, values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = extent(spacing, values)?;
        Some(match spacing {
            Spacing::Linear => {
                // A curve far above zero shows its shape; one that comes near shows how near.
                let low = if low > 0.0 && low < 0.25 * high {
                    0.0
                } else {
                    low
                };
                let step = round_step((high - low) / TICKS);
                let ends = ((low / step).floor() * step, (high / step).ceil() * step);
                Self::linear(ends.0, ends.1, step)
            }
            Spacing::Logarithmic => {
                let digits = named_digits(low, high);
                let (first, last) = powers(low, high);
                let below = named(digits, first - 1, first).filter(|tick| *tick <= low);
                let above = named(digits, last - 1, last + 1).find(|tick| *tick >= high);
                Self::logarithmic(below.last().unwrap_or(low), above.unwrap_or(high), digits)
            }
        })
    }

    fn linear(low: f64, high: f64, step: f64) -> Self {
        // Counted, not added up, so that rounding does not gather; a little past the end, which rounding may have moved.
        let first = (low / step - 1e-9).ceil();
        let ticks = (0..=2 * TICKS as u32).map(|index| (first + f64::from(index)) * step);
        let ticks = ticks.take_while(|tick| *tick <= high + 1e-9 * step);
        Self {
            spacing: Spacing::Linear,
            ticks: ticks.collect(),
            low,
            high,
            step,
        }
    }

    fn logarithmic(low: f64, high: f64, digits: &[u8]) -> Self {
        let (first, last) = powers(low, high);
        let every = (f64::from(last - first) / (TICKS + 2.0)).ceil().max(1.0) as i32;
        let ticks = (first..=last).filter(|power| power % every == 0);
        let ticks = ticks.flat_map(|power| named(digits, power, power));
        let inside = low * (1.0 - 1e-9)..=high * (1.0 + 1e-9);
        Self {
            spacing: Spacing::Logarithmic,
            ticks: ticks.filter(|tick| inside.contains(tick)).collect(),
            low,
            high,
            step: f64::NAN,
        }
    }

    /// Where `value` is: 0 at the lowest, 1 at the highest; `None` where it has no place.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        let share = match self.spacing {
            Spacing::Linear => (value - self.low) / (self.high - self.low),
            Spacing::Logarithmic => {
                (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
            }
        };
        share.is_finite().then(|| share.clamp(0.0, 1.0))
    }

    /// How its values are spaced.
    pub(super) fn spacing(&self) -> Spacing {
        self.spacing
    }

    /// The lowest and the highest value.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The values that are named, with their names.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        self.ticks.iter().map(|tick| (*tick, self.label(*tick)))
    }

    fn label(&self, tick: f64) -> String {
        let largest = self.low.abs().max(self.high.abs());
        match self.spacing {
            Spacing::Linear if (1e-3..1e7).contains(&largest) => {
                let decimals = (-self.step.log10().floor()).max(0.0) as usize;
                // Rounding may have left a zero with a sign.
                grouped(&format!("{:.decimals$}", tick + 0.0))
            }
            _ => brief(tick),
        }
    }
}

/// The lowest and the highest value that an axis can show, apart from each other.
fn extent(spacing: Spacing, values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let shown = values.filter(|value| match spacing {
        Spacing::Linear => value.is_finite(),
        Spacing::Logarithmic => value.is_finite() && *value > 0.0,
    });
    let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return None;
    }
    let (low, high) = (
        low.clamp(-FARTHEST, FARTHEST),
        high.clamp(-FARTHEST, FARTHEST),
    );
    Some(match spacing {
        Spacing::Linear => {
            // A level curve is drawn in the middle.
            let apart = (1e-9 * low.abs().max(high.abs())).max(1.0 / FARTHEST);
            if high - low > apart {
                (low, high)
            } else {
                let around = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
                (low - around, high + around)
            }
        }
        Spacing::Logarithmic => {
            let (low, high) = (low.max(1.0 / FARTHEST), high.max(1.0 / FARTHEST));
            if high > low * (1.0 + 1e-9) {
                (low, high)
            } else {
                (low / 1.1, high * 1.1)
            }
        }
    })
}

/// The powers of ten that `low` and `high` lie between.
fn powers(low: f64, high: f64) -> (i32, i32) {
    (low.log10().floor() as i32, high.log10().ceil() as i32)
}

/// Over few powers of ten, values between them are named too.
fn named_digits(low: f64, high: f64) -> &'static [u8] {
    match (high / low).log10() {
        ..=1.3 => &[1, 2, 5],
        ..=3.0 => &[1, 3],
        _ => &[1],
    }
}

/// Each of `digits` times each power of ten from `first` to `last`, as exact as it is typed.
fn named(digits: &[u8], first: i32, last: i32) -> impl Iterator<Item = f64> {
    let ticks =
        (first..=last).flat_map(move |power| digits.iter().map(move |digit| (digit, power)));
    ticks.filter_map(|(digit, power)| format!("{digit}e{power}").parse().ok())
}

/// 1, 2 or 5 times a power of ten, the next that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = step.log10().floor();
    let digits = step / 10_f64.powf(power);
    let digit = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|digit| digits <= digit * (1.0 + 1e-9));
    digit.unwrap_or(10.0) * 10_f64.powf(power)
}

/// A number for a person, four digits of it: `0.0381`, `12,340`, `3.2e-7`.
pub(in crate::report) fn brief(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    if (1e-3..1e7).contains(&size) {
        let decimals = (3.0 - size.log10().floor()).clamp(0.0, 7.0) as usize;
        let text = format!("{value:.decimals$}");
        let text = match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => &text,
        };
        return grouped(text);
    }
    let text = format!("{value:.3e}");
    match text.split_once('e') {
        Some((digits, power)) if digits.contains('.') => {
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            format!("{digits}e{power}")
        }
        _ => text,
    }
}

/// A comma between thousands.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<String> {
        scale.ticks().map(|(_, label)| label).collect()
    }

    fn around(spacing: Spacing, values: &[f64]) -> Scale {
        Scale::around(spacing, values.iter().copied()).unwrap()
    }

    #[test]
    fn a_linear_axis_ends_at_round_values() {
        let scale = around(Spacing::Linear, &[0.03, 2.34]);
        assert_eq!(scale.ends(), (0.0, 2.5));
        assert_eq!(labels(&scale), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        assert_eq!(scale.share(0.0), Some(0.0));
        assert_eq!(scale.share(1.25), Some(0.5));
        assert_eq!(scale.share(f64::NAN), None);

        let far = around(Spacing::Linear, &[0.91, 0.985]);
        assert_eq!(
            labels(&far),
            ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]
        );
        let below = around(Spacing::Linear, &[-1.0, 0.9]);
        assert_eq!(labels(&below), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
    }

    #[test]
    fn an_exact_axis_ends_at_its_values() {
        let updates = Scale::over(Spacing::Linear, [0.0, 10_339.0].into_iter()).unwrap();
        assert_eq!(updates.ends(), (0.0, 10_339.0));
        assert_eq!(labels(&updates), ["0", "5,000", "10,000"]);
        let small = Scale::over(Spacing::Linear, [0.0, 3e-9].into_iter()).unwrap();
        assert_eq!(labels(&small), ["0", "1e-9", "2e-9", "3e-9"]);
    }

    #[test]
    fn a_logarithmic_axis_names_powers_and_what_lies_between_few() {
        let wide = around(Spacing::Logarithmic, &[2e-5, 3.0, 0.0, -1.0]);
        assert_eq!(wide.ends(), (1e-5, 10.0));
        let expected = ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1", "10"];
        assert_eq!(labels(&wide), expected);
        assert!((wide.share(1e-2).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(wide.share(-1.0), None);
        assert_eq!(wide.share(0.0), None, "it is infinitely far");

        let narrow = around(Spacing::Logarithmic, &[0.03, 2.3]);
        assert_eq!(labels(&narrow), ["0.03", "0.1", "0.3", "1", "3"]);
        let factor = around(Spacing::Logarithmic, &[0.3, 1.9]);
        assert_eq!(labels(&factor), ["0.2", "0.5", "1", "2"]);
        let huge = around(Spacing::Logarithmic, &[1e-30, 1e30]);
        assert!(labels(&huge).len() <= 8, "{:?}", labels(&huge));
    }

    #[test]
    fn any_values_have_an_axis_or_none() {
        let cases: [&[f64]; 8] = [
            &[0.0],
            &[5.0, 5.0],
            &[-3.0],
            &[f64::MAX, f64::MIN],
            &[f64::MIN_POSITIVE, 5e-324],
            &[1e300, f64::MAX],
            &[1.0, 1.0 + f64::EPSILON],
            &[f64::INFINITY, 1.0, f64::NAN],
        ];
        for spacing in [Spacing::Linear, Spacing::Logarithmic] {
            for values in cases {
                let Some(scale) = Scale::around(spacing, values.iter().copied()) else {
                    assert!(values.iter().all(|value| *value <= 0.0), "{values:?}");
                    continue;
                };
                let (low, high) = scale.ends();
                assert!(
                    low < high && low.is_finite() && high.is_finite(),
                    "{values:?}"
                );
                assert!(scale.ticks().count() <= 16, "{values:?}");
                let shares = values.iter().filter_map(|value| scale.share(*value));
                assert!(shares.into_iter().all(|share| (0.0..=1.0).contains(&share)));
            }
        }
        let nothing = [f64::NAN, f64::INFINITY];
        assert_eq!(Scale::over(Spacing::Linear, nothing.into_iter()), None);
        assert_eq!(Scale::over(Spacing::Logarithmic, [0.0].into_iter()), None);
    }

    #[test]
    fn numbers_are_brief() {
        let expected = [
            (0.038_123_4, "0.03812"),
            (12_340.0, "12,340"),
            (-1_234_567.0, "-1,234,567"),
            (0.5, "0.5"),
            (3.2e-7, "3.2e-7"),
            (1e12, "1e12"),
            (100.0, "100"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in expected {
            assert_eq!(brief(value), text);
        }
    }
}
