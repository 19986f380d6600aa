//! What others may read of a scheduler while it is stepped somewhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The learning rate and the momentum of the update that a [`Scheduler`](crate::Scheduler) last stepped to.
///
/// A training loop hands the optimizer a learning rate and nothing else. What a schedule carries beside it, or what a
/// logger wants to know, is read here. Clones of a scheduler share the handle, and the one that steps last is heard.
///
/// ```
/// use schedules::prelude::*;
///
/// let mut rate = Linear::new(4).peak(0.1)?;
/// let handle = rate.handle();
/// assert_eq!((handle.rate(), handle.momentum()), (None, None));
/// rate.step();
/// rate.step();
/// assert_eq!((handle.rate(), handle.momentum()), (Some(0.1 * 0.75), None));
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RateHandle {
    shared: Arc<Shared>,
}

/// Numbers as their bits; one that is absent is NaN, which no schedule gives.
#[derive(Debug)]
struct Shared {
    rate: AtomicU64,
    momentum: AtomicU64,
    taken: AtomicBool,
}

impl Default for Shared {
    fn default() -> Self {
        let absent = || AtomicU64::new(f64::NAN.to_bits());
        Self {
            rate: absent(),
            momentum: absent(),
            taken: AtomicBool::new(false),
        }
    }
}

impl RateHandle {
    /// The learning rate of the last step, or `None` before the first.
    pub fn rate(&self) -> Option<f64> {
        present(&self.shared.rate)
    }

    /// The momentum (SGD) or beta 1 (Adam) of the last step, or `None` before the first and where there is none.
    pub fn momentum(&self) -> Option<f64> {
        present(&self.shared.momentum)
    }

    pub(super) fn taken(&self) -> Self {
        self.shared.taken.store(true, Ordering::Relaxed);
        self.clone()
    }

    pub(super) fn publish(&self, rate: f64, momentum: Option<f64>) {
        let momentum = momentum.unwrap_or(f64::NAN);
        self.shared.rate.store(rate.to_bits(), Ordering::Relaxed);
        self.shared
            .momentum
            .store(momentum.to_bits(), Ordering::Relaxed);
        if !momentum.is_nan() && !self.shared.taken.swap(true, Ordering::Relaxed) {
            log::warn!(
                "the schedule moves the momentum beside the learning rate, and nobody reads it: give the scheduler's \
                 handle to the optimizer, or turn the schedule's momentum off"
            );
        }
    }
}

fn present(number: &AtomicU64) -> Option<f64> {
    let number = f64::from_bits(number.load(Ordering::Relaxed));
    (!number.is_nan()).then_some(number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use crate::prelude::*;

    #[test]
    fn the_last_step_can_be_read() {
        let mut rate = OneCycle::new(10).peak(0.1).unwrap();
        let handle = rate.handle();
        assert_eq!((handle.rate(), handle.momentum()), (None, None));
        for update in 0..10 {
            let stepped = rate.step();
            assert_eq!(handle.rate(), Some(stepped));
            assert_eq!(handle.momentum(), rate.momentum_at(update));
            assert!(handle.momentum().is_some());
        }
        let mut without = Linear::new(4).peak(0.1).unwrap();
        let handle = without.handle();
        without.step();
        assert_eq!((handle.rate(), handle.momentum()), (Some(0.1), None));
    }
}
