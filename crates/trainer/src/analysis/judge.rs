//! From what was seen to what is said.

use super::{Cause, Curves, Evidence, Outcome, Verdict};

/// A loss at this many times both the class frequencies' and the first has run away.
const AWAY: f64 = 1.2;
/// A loss above this share of the class frequencies' has learned nothing.
const NOTHING: f64 = 0.9;
/// A loss above this share has made less than half of its way.
const HALF: f64 = 0.5;
/// A mean of three losses that is this many times the first is a spike; in a run that was annealed, which makes up for
/// much, it must be higher.
const SPIKE: f64 = 1.5;
const ANNEALED_SPIKE: f64 = 3.0;
/// A loss that has learned nothing and does not clearly fall has collapsed after a smaller one.
const JUMP: f64 = 1.2;
/// No run whose rate is too low comes as far above its first loss.
const CALM: f64 = 1.1;
/// With fewer live units than this, most of a network has died.
const DEAD: f64 = 0.3;
/// A fall that is this many times the swing is seen; one that is this many times as large again is clear.
const SEEN: f64 = 3.0;
const CLEAR: f64 = 20.0;
/// A loss above this share is far from 0, so that a higher rate has something to win.
const FAR: f64 = 0.03;
/// A fall by this share over the last two thirds is worth having; it also must be this share of the class frequencies'
/// loss, because what is left after that is nobody's concern.
const WORTH: f64 = 0.15;
const LEAST: f64 = 0.005;
/// A rise by this share above the lowest loss is one.
const RISE: f64 = 0.1;
/// A swing by this share is one.
const SWING: f64 = 0.1;
/// Below this gain, curvature eats nearly all of what the gradient promised.
const LIMIT: f64 = 0.1;
/// At the end of an annealed run the gain is above this.
const CALMED: f64 = 0.5;

/// Says how a run ended, and what its learning rate had to do with it.
///
/// It is a pure function of the curves. Evidence that was not recorded is not needed: without the probes dead units are
/// not seen, and without the gain a run that creeps along at the edge of divergence looks like one that creeps because its
/// rate is low.
///
/// | outcome | where, the first that holds |
/// | --- | --- |
/// | diverged | a loss is not finite, or `level` and `remaining` are above 1.2 |
/// | collapsed | `level` > 0.9, and less than 0.3 of the units live, a `spike` > 1.5, or one > 1.2 without a clear fall |
/// | slow | the loss falls (`fall` > 3 `swing`), and `level` > 0.5 |
/// | still improving | the loss falls, by more than 15 % and by 0.5 % of the class frequencies' loss; settled, if the cause is annealing |
/// | overfitting | `rise` > 0.1, and the validation loss is above the training loss |
/// | oscillating | `swing` > 0.1 |
/// | settled | otherwise |
///
/// | cause | where, the first that holds |
/// | --- | --- |
/// | rate too high | diverged, collapsed, or not settled after a `spike` > 1.5, in an annealed run > 3 |
/// | rate too low | slow or still improving with a clear fall (`fall` > 20 `swing`), `level` > 0.03, `spike` < 1.1, and no `gain` below 0.1 |
/// | annealed to its end | the rate ended at a tenth of its peak or lower, and no `late_gain` below 0.5 |
/// | no evidence | otherwise |
///
/// The names are those of [`Evidence`]. How often the causes are right is in `docs/verdicts.md`.
pub fn judge(curves: &Curves) -> Verdict {
    let evidence = Evidence::of(curves);
    let outcome = outcome(&evidence);
    let cause = cause(outcome, &evidence);
    let outcome = match (outcome, cause) {
        // It fell while the rate was high, and the end of the schedule brought it to rest.
        (Outcome::StillImproving, Cause::Annealed) => Outcome::Settled,
        _ => outcome,
    };
    Verdict {
        outcome,
        cause,
        suggestion: suggest(outcome, cause, &evidence),
        evidence,
    }
}

fn outcome(seen: &Evidence) -> Outcome {
    let level = seen.level.unwrap_or(0.0);
    if !seen.finite || level.min(seen.remaining.unwrap_or(0.0)) > AWAY {
        return Outcome::Diverged;
    }
    let dead = seen.live_units.is_some_and(|live| live < DEAD);
    let spike = seen.spike.unwrap_or(1.0);
    let fell_back = spike > SPIKE || spike > JUMP && !falls_clearly(seen);
    if level > NOTHING && (dead || fell_back) {
        return Outcome::Collapsed;
    }
    let fall = seen.fall.unwrap_or(0.0);
    let swing = seen.swing.unwrap_or(f64::INFINITY);
    let falls = fall > SEEN * swing;
    let worth = fall > WORTH && seen.fallen.is_some_and(|fallen| fallen > LEAST);
    if falls && level > HALF {
        Outcome::Slow
    } else if falls && worth {
        Outcome::StillImproving
    } else if seen.rise.is_some_and(|rise| rise > RISE) && seen.gap.is_some_and(|gap| gap > 0.0) {
        Outcome::Overfitting
    } else if seen.swing.is_some_and(|swing| swing > SWING) {
        Outcome::Oscillating
    } else {
        Outcome::Settled
    }
}

fn cause(outcome: Outcome, seen: &Evidence) -> Cause {
    let spike = seen.spike.unwrap_or(1.0);
    let spiked = spike > if seen.annealed { ANNEALED_SPIKE } else { SPIKE };
    let falls = matches!(outcome, Outcome::Slow | Outcome::StillImproving);
    let far = seen.level.is_some_and(|level| level > FAR);
    let at_limit = seen.gain.is_some_and(|gain| gain < LIMIT);
    let calmed = seen.late_gain.is_none_or(|gain| gain > CALMED);
    match outcome {
        Outcome::Diverged | Outcome::Collapsed => Cause::RateTooHigh,
        _ if spiked && outcome != Outcome::Settled => Cause::RateTooHigh,
        _ if falls && falls_clearly(seen) && far && spike < CALM && !at_limit => Cause::RateTooLow,
        _ if seen.annealed && calmed => Cause::Annealed,
        _ => Cause::NoEvidence,
    }
}

fn falls_clearly(seen: &Evidence) -> bool {
    let moved = seen.fall.zip(seen.swing);
    moved.is_some_and(|(fall, swing)| fall > CLEAR * swing)
}

/// One thing to try.
fn suggest(outcome: Outcome, cause: Cause, seen: &Evidence) -> String {
    let peak = |times: f64| format!("try --lr {:.1e}", seen.peak_rate * times);
    match (outcome, cause) {
        (Outcome::Diverged | Outcome::Collapsed, _) => peak(0.1),
        (_, Cause::RateTooHigh) => peak(1.0 / 3.0),
        (Outcome::Slow, Cause::RateTooLow) => peak(10.0),
        (_, Cause::RateTooLow) => peak(3.0),
        (Outcome::Overfitting, _) => "try fewer epochs, or more weight decay".to_owned(),
        (_, Cause::Annealed) => "nothing to repair; more epochs may still help".to_owned(),
        (Outcome::Oscillating, _) => "let the rate fall at the end: --schedule cosine".to_owned(),
        (Outcome::Slow | Outcome::StillImproving, _) => "try more epochs".to_owned(),
        _ => "`trainer find-lr` shows what other rates do".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Point;

    /// Descends `Σ λx²/2` over three curvatures, the largest of them 5, from 1 in each direction.
    fn descend(rate: f64, momentum: f64) -> Curves {
        let curvatures = [5.0, 1.0, 0.2];
        let loss = |x: &[f64; 3]| {
            let terms = x.iter().zip(curvatures);
            terms
                .map(|(x, curvature)| curvature * x * x / 2.0)
                .sum::<f64>()
        };
        let (mut x, mut velocity) = ([1.0; 3], [0.0; 3]);
        let mut curves = Curves::default();
        for update in 0..300 {
            let before = loss(&x);
            let mut predicted = 0.0;
            for ((x, velocity), curvature) in x.iter_mut().zip(&mut velocity).zip(curvatures) {
                let gradient = curvature * *x;
                *velocity = momentum * *velocity + gradient;
                *x -= rate * *velocity;
                predicted -= rate * gradient * *velocity;
            }
            curves.losses.push(before);
            curves.learning_rates.push(rate);
            let value = (loss(&x) - before) / predicted;
            curves.gain.push(Point { update, value });
            curves.predicted.push(Point {
                update,
                value: predicted,
            });
        }
        curves
    }

    /// Gradient descent diverges above 2/λ, and above 2(1 + β)/λ with momentum β.
    #[test]
    fn on_a_quadratic_the_verdict_changes_at_the_boundary() {
        for momentum in [0.0, 0.5, 0.9] {
            let boundary = 2.0 * (1.0 + momentum) / 5.0;
            for share in [1.01, 1.1, 2.0, 100.0] {
                let verdict = judge(&descend(share * boundary, momentum));
                assert_eq!(
                    (verdict.outcome, verdict.cause),
                    (Outcome::Diverged, Cause::RateTooHigh),
                    "{share} of the boundary, momentum {momentum}: {verdict}"
                );
            }
            for share in [0.5, 0.9, 0.99] {
                let verdict = judge(&descend(share * boundary, momentum));
                assert_ne!(
                    verdict.cause,
                    Cause::RateTooHigh,
                    "{share} of the boundary, momentum {momentum}: {verdict}"
                );
            }
            let verdict = judge(&descend(1e-5 * boundary, momentum));
            assert_eq!(
                (verdict.outcome, verdict.cause),
                (Outcome::Slow, Cause::RateTooLow),
                "{verdict}"
            );
        }
    }

    /// Losses of 200 updates at one rate, and what was measured on validation after every tenth.
    fn run(train: impl Fn(f64) -> f64, validation: impl Fn(f64) -> f64) -> Curves {
        let share = |update: u64| (update + 1) as f64 / 200.0;
        let measured = (0..200).filter(|update| update % 10 == 9);
        Curves {
            chance: Some(2.3),
            learning_rates: vec![0.1; 200],
            losses: (0..200).map(|update| train(share(update))).collect(),
            validation: measured
                .map(|update| Point {
                    update,
                    value: validation(share(update)),
                })
                .collect(),
            ..Curves::default()
        }
    }

    fn said(curves: &Curves) -> (Outcome, Cause) {
        let verdict = judge(curves);
        (verdict.outcome, verdict.cause)
    }

    #[test]
    fn each_outcome_has_its_curve() {
        let settling = |time: f64| 0.1 + 2.2 * (-20.0 * time).exp();
        let wave = |time: f64| (time * 61.0).sin();
        let cases = [
            (
                run(|time| 2.3 * (1.0 + 5.0 * time), |_| 9.0),
                (Outcome::Diverged, Cause::RateTooHigh),
            ),
            (
                run(
                    |time| if time < 0.1 { 40.0 * time + 2.3 } else { 2.31 },
                    |_| 2.31,
                ),
                (Outcome::Collapsed, Cause::RateTooHigh),
            ),
            (
                run(|time| 2.3 - 0.1 * time, |time| 2.3 - 0.1 * time),
                (Outcome::Slow, Cause::RateTooLow),
            ),
            (
                run(
                    |time| 1.0 / (0.43 + time * 2.0),
                    |time| 1.0 / (0.43 + time * 2.0),
                ),
                (Outcome::StillImproving, Cause::RateTooLow),
            ),
            (
                run(settling, settling),
                (Outcome::Settled, Cause::NoEvidence),
            ),
            (
                run(settling, |time| 0.5 + (time - 0.3).powi(2)),
                (Outcome::Overfitting, Cause::NoEvidence),
            ),
            (
                run(
                    |time| 0.3 + 0.1 * wave(time),
                    |time| 0.3 + 0.1 * wave(1.3 * time),
                ),
                (Outcome::Oscillating, Cause::NoEvidence),
            ),
        ];
        for (curves, expected) in cases {
            assert_eq!(said(&curves), expected, "{}", judge(&curves));
        }
    }

    #[test]
    fn a_loss_that_is_no_number_has_diverged_however_short_the_run() {
        for losses in [vec![f64::NAN], vec![2.3, f64::INFINITY]] {
            let curves = Curves {
                learning_rates: vec![1.0; losses.len()],
                losses,
                ..Curves::default()
            };
            assert_eq!(said(&curves), (Outcome::Diverged, Cause::RateTooHigh));
        }
        // Nothing was recorded, so nothing is said that could be wrong.
        assert_eq!(judge(&Curves::default()).cause, Cause::NoEvidence);
    }

    /// The slope at the end of an annealed run is flat because its rate is: only what the high rate did counts.
    #[test]
    fn a_flat_end_at_a_low_rate_is_annealed_and_no_sign_that_it_has_settled() {
        let falling = |time: f64| 0.02 + 2.28 * (-8.0 * time).exp();
        let mut curves = run(falling, falling);
        for (update, rate) in curves.learning_rates.iter_mut().enumerate() {
            *rate = 0.1 * (1.0 - update as f64 / 200.0);
        }
        assert_eq!(said(&curves), (Outcome::Settled, Cause::Annealed));
        let point = |value| vec![Point { update: 190, value }];
        for (gain, cause) in [(1.02, Cause::Annealed), (0.05, Cause::NoEvidence)] {
            (curves.gain, curves.predicted) = (point(gain), point(-1e-3));
            assert_eq!(judge(&curves).cause, cause, "late gain {gain}");
        }
        curves.learning_rates.fill(0.1);
        assert_ne!(judge(&curves).cause, Cause::Annealed);
    }

    #[test]
    fn dead_units_tell_a_collapse_from_a_low_rate() {
        let mut curves = run(|_| 2.303, |time| 2.303 - 1e-4 * time);
        assert_eq!(said(&curves), (Outcome::Slow, Cause::RateTooLow));
        curves.live_units.push(Point {
            update: 199,
            value: 0.05,
        });
        assert_eq!(said(&curves), (Outcome::Collapsed, Cause::RateTooHigh));
    }

    /// The same curve, falling at the same speed: with a gain near 0 it creeps along the edge of divergence.
    #[test]
    fn a_gain_at_the_limit_is_no_low_rate() {
        let mut curves = run(|time| 2.3 - 1.5 * time, |time| 2.3 - 1.5 * time);
        for (gain, cause) in [(0.95, Cause::RateTooLow), (0.02, Cause::NoEvidence)] {
            let point = |value| vec![Point { update: 190, value }];
            (curves.gain, curves.predicted) = (point(gain), point(-1e-3));
            assert_eq!(judge(&curves).cause, cause, "gain {gain}");
        }
    }
}
