//! How much a loss jumps from one update to the next.

/// The noise of a loss curve: the median step.
///
/// ```text
/// noise = median of |loss_i - loss_(i-1)|
/// ```
///
/// A median does not see an explosion at the end of a sweep, and it moves with the scale of the loss.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Noise {
    last: Option<f64>,
    /// In ascending order.
    steps: Vec<f64>,
}

impl Noise {
    /// Takes a finite loss in.
    pub(crate) fn push(&mut self, loss: f64) {
        if let Some(last) = self.last.replace(loss) {
            let step = (loss - last).abs();
            let place = self.steps.partition_point(|other| *other < step);
            self.steps.insert(place, step);
        }
    }

    /// The median step so far, 0 before there is one.
    pub(crate) fn level(&self) -> f64 {
        let middle = self.steps.len() / 2;
        match self.steps.get(middle) {
            None => 0.0,
            Some(upper) if self.steps.len() % 2 == 1 => *upper,
            Some(upper) => 0.5 * upper + 0.5 * self.steps[middle - 1],
        }
    }
}

impl Extend<f64> for Noise {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, losses: I) {
        losses.into_iter().for_each(|loss| self.push(loss));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_median_step() {
        let mut noise = Noise::default();
        let mut levels = Vec::new();
        for loss in [5.0, 3.0, 4.0, 0.0, 100.0, 1e9] {
            noise.push(loss);
            levels.push(noise.level());
        }
        // Steps: 2, 1, 4, 100, 999 999 900.
        assert_eq!(levels, [0.0, 2.0, 1.5, 2.0, 3.0, 4.0]);
    }
}
