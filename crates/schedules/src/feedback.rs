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

/// The most reports that a window holds, since a record holds them all.
const MAX_WINDOW: u64 = 1_000;

/// Checked parameters of one kind or the other.
#[derive(Clone, Debug)]
pub(crate) enum Feedback {
    Plateau(Plateau),
    Greedy(Greedy),
}

impl Feedback {
    fn kind(&self) -> &'static str {
        match self {
            Self::Plateau(_) => "plateau",
            Self::Greedy(_) => "greedy",
        }
    }

    fn mode(&self) -> MetricMode {
        match self {
            Self::Plateau(plateau) => plateau.metric_mode(),
            Self::Greedy(greedy) => greedy.metric_mode(),
        }
    }

    fn is_active(&self, update: u64) -> bool {
        let (from, until) = match self {
            Self::Plateau(plateau) => plateau.stage(),
            Self::Greedy(greedy) => greedy.stage(),
        };
        from.is_none_or(|from| update >= from) && until.is_none_or(|until| update < until)
    }

    fn report(&self, memory: &mut Memory, metric: f64) -> Reaction {
        match self {
            Self::Plateau(plateau) => plateau.report(memory, metric),
            Self::Greedy(greedy) => greedy.report(memory, metric),
        }
    }

    /// What is remembered before the first report, when `taken` updates have been taken.
    fn beginning(&self, taken: u64) -> Memory {
        let left = match self {
            Self::Plateau(_) => 0,
            Self::Greedy(greedy) => greedy.lives(),
        };
        Memory::new(taken, left)
    }

    /// Whether a record may hold it.
    fn can_remember(&self, memory: &Memory) -> bool {
        let (bounds, window) = match self {
            Self::Plateau(plateau) => (plateau.bounds(), plateau.window()),
            Self::Greedy(greedy) => (greedy.bounds(), greedy.window()),
        };
        bounds.contains(&memory.multiplier) && memory.window.len() as u64 <= window
    }

    fn fingerprint(&self) -> u64 {
        match self {
            Self::Plateau(plateau) => plateau.fingerprint(),
            Self::Greedy(greedy) => greedy.fingerprint(),
        }
    }
}
