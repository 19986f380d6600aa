//! The shortest of many budgets that is enough, found by trying few of them.

/// Budgets, each 1.25 times the one before, and what is known of them.
///
/// It takes for granted that where a budget is enough a longer one is too. From the first budget it goes two rungs at a
/// time, since longer ones cost more than all shorter ones before them, and then tries the rung that it has passed:
///
/// ```
/// use trainer::analysis::Ladder;
///
/// let mut ladder = Ladder::new(100, 1000);
/// let mut tried = Vec::new();
/// while let Some(updates) = ladder.next() {
///     tried.push(updates);
///     ladder.tell(updates >= 220);
/// }
/// assert_eq!(tried, [100, 156, 244, 195]);
/// assert_eq!(ladder.shortest(), Some(244));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    budgets: Vec<u64>,
    first: usize,
    /// The longest that was not enough, and the shortest that was.
    fails: Option<usize>,
    enough: Option<usize>,
}

/// How far budgets are apart.
const APART: f64 = 1.25;
/// How many there are below the first: about a fifteenth of it.
const BELOW: i32 = 12;
/// How many rungs it goes at a time.
const STRIDE: usize = 2;

impl Ladder {
    /// Budgets around `first`, which is tried first, from about a fifteenth of it up to `longest`.
    pub fn new(first: u64, longest: u64) -> Self {
        let rung = |power: i32| ((first as f64 * APART.powi(power)).round() as u64).max(1);
        let mut budgets: Vec<u64> = (-BELOW..0).map(rung).collect();
        budgets.dedup();
        budgets.retain(|updates| *updates < first);
        let below = budgets.len();
        budgets.push(first);
        budgets.extend((1..).map(rung).take_while(|updates| *updates <= longest));
        budgets.dedup();
        Self {
            budgets,
            first: below,
            fails: None,
            enough: None,
        }
    }

    /// The shortest and the longest budget.
    pub fn ends(&self) -> [u64; 2] {
        let end = |budget: Option<&u64>| budget.copied().unwrap_or(0);
        [end(self.budgets.first()), end(self.budgets.last())]
    }

    /// The budget to try next; nothing once it is known which is the shortest, or that none is enough.
    pub fn next(&self) -> Option<u64> {
        self.place().map(|place| self.budgets[place])
    }

    fn place(&self) -> Option<usize> {
        let last = self.budgets.len() - 1;
        match (self.fails, self.enough) {
            (None, None) => Some(self.first),
            (None, Some(0)) => None,
            (None, Some(enough)) => Some(enough.saturating_sub(STRIDE)),
            (Some(fails), None) => (fails < last).then(|| (fails + STRIDE).min(last)),
            (Some(fails), Some(enough)) => {
                (enough - fails > 1).then(|| fails + (enough - fails) / 2)
            }
        }
    }

    /// Whether the [next](Self::next) budget was enough.
    pub fn tell(&mut self, enough: bool) {
        let place = self.place();
        match enough {
            true => self.enough = place.or(self.enough),
            false => self.fails = place.or(self.fails),
        }
    }

    /// The shortest budget that was enough; nothing where none was.
    pub fn shortest(&self) -> Option<u64> {
        self.enough.map(|place| self.budgets[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer, and what was tried for it.
    fn search(first: u64, longest: u64, needed: u64) -> (Option<u64>, Vec<u64>) {
        let mut ladder = Ladder::new(first, longest);
        let mut tried = Vec::new();
        while let Some(updates) = ladder.next() {
            tried.push(updates);
            ladder.tell(updates >= needed);
            assert!(tried.len() < 30, "{tried:?}");
        }
        (ladder.shortest(), tried)
    }

    #[test]
    fn it_finds_the_shortest_that_is_enough_wherever_it_is() {
        let budgets = Ladder::new(340, 3400).budgets;
        assert_eq!(Ladder::new(340, 3400).ends(), [23, 3166]);
        let apart = budgets
            .windows(2)
            .map(|pair| pair[1] as f64 / pair[0] as f64);
        assert!(apart.clone().all(|apart| (1.2..1.3).contains(&apart)));
        for needed in 1..3400 {
            let (found, tried) = search(340, 3400, needed);
            let expected = budgets.iter().copied().find(|updates| *updates >= needed);
            assert_eq!(found, expected, "{needed}: {tried:?}");
            assert!(tried.len() <= 8, "{needed}: {tried:?}");
        }
    }

    #[test]
    fn the_answer_has_been_tried_and_so_has_the_rung_below_it() {
        for needed in 24..3000 {
            let (found, tried) = search(340, 3400, needed);
            let budgets = Ladder::new(340, 3400).budgets;
            let place = budgets.iter().position(|updates| Some(*updates) == found);
            let place = place.unwrap_or_else(|| unreachable!("{needed}"));
            assert!(tried.contains(&budgets[place]), "{needed}: {tried:?}");
            assert!(tried.contains(&budgets[place - 1]), "{needed}: {tried:?}");
        }
    }

    #[test]
    fn few_updates_make_a_short_ladder_and_the_longest_is_a_limit() {
        assert_eq!(Ladder::new(3, 9).budgets, [1, 2, 3, 4, 5, 6, 7, 9]);
        assert_eq!(Ladder::new(100, 100).ends(), [7, 100]);
        assert_eq!(search(100, 100, 101), (None, vec![100]));
        assert_eq!(search(1, 1, 1), (Some(1), vec![1]));
    }
}
