//! A learning rate beside the base rate.

use crate::{MAX_FACTOR, MAX_PEAK, ScheduleError, check};

/// The learning rate `lr`, a peer's argument `path`, as a ratio of the base rate.
pub(super) fn of_base(path: &str, lr: f64, base_lr: f64) -> Result<f64, ScheduleError> {
    check::positive("peak", base_lr, MAX_PEAK)?;
    let ratio = lr / base_lr;
    if (0.0..=MAX_FACTOR).contains(&ratio) {
        return Ok(ratio);
    }
    let allowed = format!("must be from 0 to {MAX_FACTOR:e} times the base rate {base_lr:?}");
    Err(ScheduleError::new(path, lr, allowed))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod tests {
    use super::*;

    #[test]
    fn the_base_rate_is_checked_first() {
        assert_eq!(of_base("lr_min", 0.05, 0.1), Ok(0.5));
        assert_eq!(of_base("lr_min", 1e18, 1.0), Ok(1e18));
        let error = |lr, base_lr| of_base("lr_min", lr, base_lr).unwrap_err().to_string();
        assert_eq!(
            error(-0.1, 0.5),
            "lr_min = -0.1: must be from 0 to 1e18 times the base rate 0.5"
        );
        assert!(error(f64::NAN, 1.0).starts_with("lr_min = NaN: "));
        assert!(error(1.0, 1e-19).starts_with("lr_min = 1.0: "));
        assert!(error(f64::NAN, 0.0).starts_with("peak = 0.0: "));
    }
}
