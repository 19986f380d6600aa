//! What the learning-rate finder keeps, whatever it is fed.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use proptest::prelude::*;
use schedules::compat::{fastai, lightning, torch_lr_finder};
use schedules::finder::{Curve, Finder, NoSuggestion, StopReason};

/// Numbers at and beyond the ends of what arithmetic can bear.
const WEIRD: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    5e-324,
    1e250,
    -1e250,
    f64::MAX,
    f64::MIN,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -3.0..3.0_f64,
        1 => prop::num::f64::ANY,
        1 => prop::sample::select(WEIRD),
    ]
}

/// Losses of a sweep that is mostly sane, with a share of weird ones.
fn losses() -> impl Strategy<Value = Vec<f64>> {
    let mostly = prop_oneof![30 => -3.0..3.0_f64, 1 => any_number()];
    prop_oneof![
        prop::collection::vec(any_number(), 0..60),
        prop::collection::vec(mostly, 0..200),
        prop::collection::vec(prop::sample::select(&[0.0, 1.0, 2.0][..]), 0..60),
        falling().prop_map(|shape| shape.losses()),
    ]
}

/// Learning rates that grow, and lists that are anything.
fn rates() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        (-12.0..0.0_f64, 1.0..40.0_f64).prop_map(|(start, per_decade)| {
            (0..200)
                .map(|index| 10f64.powf(start + f64::from(index) / per_decade))
                .collect()
        }),
        prop::collection::vec(any_number(), 0..200),
    ]
}

/// A loss without noise, that falls and explodes along ln(learning rate).
#[derive(Clone, Debug)]
struct Falling {
    /// In points: the middle of the fall, its width, and the begin of the explosion.
    middle: f64,
    width: f64,
    explosion: f64,
}

impl Falling {
    fn losses(&self) -> Vec<f64> {
        let loss = |index: i32| {
            let index = f64::from(index);
            let fall = 1.0 + ((self.middle - index) / self.width).exp();
            2.3 - 1.8 / fall + ((index - self.explosion) / 1.5).exp()
        };
        (0..160).map(loss).collect()
    }
}

fn falling() -> impl Strategy<Value = Falling> {
    (40.0..90.0_f64, 2.0..8.0_f64, 30.0..60.0_f64).prop_map(|(middle, width, gap)| Falling {
        middle,
        width,
        explosion: middle + gap,
    })
}

/// A rate for each of 160 points, 20 a decade.
fn twenty_a_decade() -> impl Iterator<Item = f64> {
    (0..160).map(|index| 10f64.powf(-7.0 + f64::from(index) / 20.0))
}

fn curve(finder: Finder, losses: impl IntoIterator<Item = f64>) -> Curve {
    finder.record(twenty_a_decade().zip(losses))
}

/// The index that each rule suggests, and the combined one.
fn indices(curve: &Curve) -> [Option<usize>; 5] {
    let found = curve.suggestions();
    let [valley, slide, minimum, steep] = found
        .named()
        .map(|(_, found)| found.ok().map(|found| found.index));
    let combined = found.combined.ok().map(|found| found.index);
    [valley, slide, minimum, steep, combined]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_suggestion_is_a_recorded_rate_before_the_stop(
        rates in rates(),
        losses in losses(),
        beta in prop_oneof![Just(0.98), Just(0.0), any_number()],
        divergence in prop_oneof![Just(2.0), any_number()],
        stop_early in any::<bool>(),
    ) {
        let finder = Finder::new().beta(beta).divergence(divergence).stop_early(stop_early);
        let curve = finder.record(rates.into_iter().zip(losses));
        prop_assert_eq!(curve.len(), curve.learning_rates().len());
        prop_assert_eq!(curve.len(), curve.smoothed().len());
        let usable = curve.stop().map_or(curve.len(), |stop| stop.index);
        prop_assert!(curve.losses()[..usable].iter().all(|loss| loss.is_finite()));
        if let Some(stop) = curve.stop() {
            let number = curve.losses()[stop.index].abs() <= 1e250;
            prop_assert_eq!(stop.reason == StopReason::Diverged, number);
            prop_assert!(!stop_early || stop.index + 1 == curve.len());
        }
        let found = curve.suggestions();
        let combined = found.combined.map(|found| (found.learning_rate, found.index));
        let answers = found.named();
        let answers = answers.map(|(name, found)| (name, found.map(|found| (found.learning_rate, found.index))));
        let mut extremes = (f64::INFINITY, 0.0_f64);
        for (name, answer) in answers.into_iter().chain([("combined", combined)]) {
            let Ok((rate, index)) = answer else { continue };
            prop_assert!(index < usable, "{} is at {}", name, index);
            prop_assert_eq!(rate, curve.learning_rates()[index], "{}", name);
            prop_assert!(rate > 0.0 && rate.is_finite(), "{} is {}", name, rate);
            extremes = (extremes.0.min(rate), extremes.1.max(rate));
        }
        if let Ok(found) = found.combined {
            prop_assert!(found.disagreement >= 1.0);
            prop_assert!(extremes.0 <= found.learning_rate && found.learning_rate <= extremes.1);
        } else {
            prop_assert!(found.named().iter().all(|(_, found)| found.is_err()));
        }
    }

    #[test]
    fn neither_a_shift_nor_a_scale_of_the_loss_matters(
        shape in falling(),
        beta in prop::sample::select(&[0.0, 0.5, 0.9, 0.98][..]),
        shift in -100.0..100.0_f64,
        scale in -3.0..3.0_f64,
    ) {
        let plain = curve(Finder::new().beta(beta), shape.losses());
        let scale = 10f64.powf(scale);
        let losses = shape.losses().into_iter().map(|loss| scale * (loss + shift));
        let moved = curve(Finder::new().beta(beta), losses);
        prop_assert_eq!(plain.stop(), moved.stop());
        prop_assert_eq!(indices(&plain), indices(&moved));
        let lowest = plain.smoothed().iter().copied().fold(f64::INFINITY, f64::min);
        let lowest = plain.smoothed().iter().position(|loss| *loss == lowest);
        prop_assert!(indices(&plain).iter().all(|index| index.is_some() && *index <= lowest));
    }

    #[test]
    fn it_stops_before_the_loss_is_ten_times_what_it_was(shape in falling()) {
        let found = curve(Finder::new(), shape.losses());
        let stop = found.stop();
        prop_assert!(stop.is_some_and(|stop| stop.reason == StopReason::Diverged));
        prop_assert!(stop.is_some_and(|stop| (stop.index as f64) > shape.explosion));
        prop_assert!(found.smoothed().iter().all(|loss| *loss < 23.0));
    }

    #[test]
    fn a_known_valley_is_found(
        top in 30..70_usize,
        width in 20..60_usize,
        height in 0.5..5.0_f64,
    ) {
        // Flat, then straight down over the logarithm of the rate, then up again.
        let bottom = top + width;
        let losses = (0..160).map(|index: usize| {
            let share = (index.clamp(top, bottom) - top) as f64 / width as f64;
            height * (1.0 - share) + index.saturating_sub(bottom) as f64
        });
        let found = curve(Finder::new().beta(0.0), losses);
        let found = indices(&found).map(|index| index.unwrap_or(0));
        let [valley, slide, minimum, steep, combined] = found;
        prop_assert!(valley.abs_diff(top + width / 2) <= 1, "valley at {}", valley);
        prop_assert_eq!(slide, bottom - 10);
        prop_assert_eq!(minimum, bottom - 20);
        // The first slope that lies within the fall alone: a quarter of a decade reaches five points down.
        prop_assert_eq!(steep, top + 5);
        prop_assert!((top..=bottom).contains(&combined), "combined at {}", combined);
    }

    #[test]
    fn smoothed_it_still_lies_on_the_way_down(shape in falling()) {
        let found = curve(Finder::new(), shape.losses());
        for (rule, index) in indices(&found).into_iter().enumerate() {
            let index = index.unwrap_or(0) as f64;
            prop_assert!(index > shape.middle - 2.0 * shape.width - 10.0, "rule {} at {}", rule, index);
            prop_assert!(index < shape.explosion, "rule {} at {}", rule, index);
        }
    }

    #[test]
    fn a_finder_of_a_peer_never_panics(
        losses in losses(),
        numbers in [any_number(), any_number(), any_number(), any_number()],
        counts in [0..40_usize, 0..40_usize, 0..40_usize],
        huge in any::<bool>(),
    ) {
        let [start, end, smoothing, factor] = numbers;
        let [count, first, last] = counts;
        let count = if huge { usize::MAX } else { count };
        let finder = fastai::LrFind {
            start_lr: start,
            end_lr: end,
            num_it: count,
            smooth_beta: smoothing,
            divergence_factor: factor,
            ..Default::default()
        };
        finder.suggestions(&finder.run(&losses));
        for mode in [lightning::Mode::Linear, lightning::Mode::Exponential] {
            let finder = lightning::LrFind {
                min_lr: start,
                max_lr: end,
                num_training: count,
                mode,
                early_stop_threshold: Some(factor),
                beta: smoothing,
                skip_begin: first,
                skip_end: last,
            };
            finder.suggestion(&finder.run(&losses));
        }
        for step_mode in [torch_lr_finder::StepMode::Linear, torch_lr_finder::StepMode::Exp] {
            let test = torch_lr_finder::RangeTest {
                start_lr: start,
                end_lr: end,
                num_iter: count,
                step_mode,
                smooth_f: smoothing,
                diverge_th: factor,
                skip_start: first,
                skip_end: last,
            };
            test.suggestion(&test.run(&losses));
        }
    }
}

#[test]
fn a_loss_that_only_rises_suggests_nothing() {
    let found = curve(Finder::new(), (0..160).map(f64::from));
    assert!(matches!(
        found.combine(),
        Err(NoSuggestion::Flat { fall: 0.0, .. })
    ));
}
