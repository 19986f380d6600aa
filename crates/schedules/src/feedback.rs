//! Multipliers of the learning rate that follow a metric.

mod greedy;
mod handle;
mod memory;
mod mode;
mod plateau;
mod reaction;
mod rule;
mod stage;
mod trend;

pub use greedy::Greedy;
pub use handle::FeedbackHandle;
pub use memory::FeedbackState;
pub use mode::MetricMode;
pub use plateau::Plateau;
pub use reaction::Reaction;
pub use rule::PlateauRule;

#[cfg(feature = "burn")]
pub(crate) use memory::STATE_LIMITS;

use memory::Memory;

use crate::Fingerprint;

/// The most reports that a window holds, since a record holds them all.
const MAX_WINDOW: u64 = 1_000;
/// The most parameter groups that follow the same reports, since a record holds them all.
pub(crate) const MAX_GROUPS: usize = 1_000;

/// Checked parameters of one kind or the other.
#[derive(Clone, Debug)]
pub(crate) enum Feedback {
    Plateau(Plateau),
    /// With the rules of the other parameter groups that follow the same reports.
    Greedy(Greedy, Vec<Greedy>),
}

impl Feedback {
    fn kind(&self) -> &'static str {
        match self {
            Self::Plateau(_) => "plateau",
            Self::Greedy(..) => "greedy",
        }
    }

    fn mode(&self) -> MetricMode {
        match self {
            Self::Plateau(plateau) => plateau.metric_mode(),
            Self::Greedy(greedy, _) => greedy.metric_mode(),
        }
    }

    fn is_active(&self, update: u64) -> bool {
        let (from, until) = match self {
            Self::Plateau(plateau) => plateau.stage(),
            Self::Greedy(greedy, _) => greedy.stage(),
        };
        from.is_none_or(|from| update >= from) && until.is_none_or(|until| update < until)
    }

    fn report(&self, memory: &mut Memory, metric: f64) -> Reaction {
        match self {
            Self::Plateau(plateau) => plateau.report(memory, metric),
            Self::Greedy(greedy, others) => greedy.report(others, memory, metric),
        }
    }

    /// What is remembered before the first report, when `taken` updates have been taken.
    fn beginning(&self, taken: u64) -> Memory {
        match self {
            Self::Plateau(plateau) => Memory {
                multiplier: plateau.unit(),
                ..Memory::new(taken, 0)
            },
            Self::Greedy(greedy, others) => greedy.beginning(taken, others),
        }
    }

    /// What the multiplier is counted in: 1, or a peer's base rate.
    fn unit(&self) -> f64 {
        match self {
            Self::Plateau(plateau) => plateau.unit(),
            Self::Greedy(greedy, _) => greedy.unit(),
        }
    }

    /// The rules of the other groups.
    fn others(&self) -> &[Greedy] {
        match self {
            Self::Plateau(_) => &[],
            Self::Greedy(_, others) => others,
        }
    }

    /// Whether a record may hold it.
    fn can_remember(&self, memory: &Memory) -> bool {
        let (bounds, window) = match self {
            Self::Plateau(plateau) => (plateau.bounds(), plateau.window()),
            Self::Greedy(greedy, _) => (greedy.bounds(), greedy.window()),
        };
        let mut others = self.others().iter().zip(&memory.others);
        bounds.contains(&memory.multiplier)
            && others.all(|(greedy, multiplier)| greedy.bounds().contains(multiplier))
            && memory.window.len() as u64 <= window
    }

    fn fingerprint(&self) -> u64 {
        match self {
            Self::Plateau(plateau) => plateau.fingerprint(),
            Self::Greedy(greedy, others) if others.is_empty() => greedy.fingerprint(),
            Self::Greedy(greedy, others) => {
                let own = Fingerprint::of("greedy_group").count(greedy.fingerprint());
                let all = others
                    .iter()
                    .fold(own, |all, other| all.count(other.fingerprint()));
                all.finish()
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn it_says_whether_a_loss_or_an_accuracy_is_wanted() {
        let mode = |feedback: Feedback| feedback.mode();
        assert_eq!(mode(Feedback::Plateau(Plateau::min())), MetricMode::Min);
        assert_eq!(mode(Feedback::Plateau(Plateau::max())), MetricMode::Max);
        let greedy = |greedy| Feedback::Greedy(greedy, Vec::new());
        assert_eq!(mode(greedy(Greedy::min())), MetricMode::Min);
        assert_eq!(mode(greedy(Greedy::max())), MetricMode::Max);
    }

    #[test]
    fn the_rules_of_other_groups_belong_to_it() {
        let group = |others: &[f64]| {
            let others = others.iter().map(|floor| Greedy::min().floor(*floor));
            Feedback::Greedy(Greedy::min(), others.collect())
        };
        let all = [
            group(&[]),
            group(&[0.1]),
            group(&[0.2]),
            group(&[0.1, 0.2]),
            group(&[0.2, 0.1]),
        ]
        .map(|feedback| feedback.fingerprint());
        assert!((1..all.len()).all(|index| !all[..index].contains(&all[index])));
        assert_eq!(all[0], Greedy::min().fingerprint());

        let two = group(&[0.1]);
        let mut memory = two.beginning(0);
        assert!(two.can_remember(&memory));
        memory.others[0] = 0.05;
        assert!(!two.can_remember(&memory));
    }
}
