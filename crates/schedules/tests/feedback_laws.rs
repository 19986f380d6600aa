//! Feedback with random parameters and random metrics, against every law that it keeps.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use proptest::prelude::*;
use schedules::MAX_UPDATE;
use schedules::prelude::*;

fn mode() -> impl Strategy<Value = MetricMode> {
    prop::sample::select(vec![MetricMode::Min, MetricMode::Max])
}

/// Mostly small, and now and then nonsense.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![
        12 => 0..8_u64,
        1 => prop::sample::select(vec![MAX_UPDATE, MAX_UPDATE + 1, u64::MAX]),
    ]
}

fn share() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..=1.0_f64,
        4 => prop::sample::select(vec![0.0, 1e-9, 1.0]),
        1 => prop::num::f64::ANY,
    ]
}

fn stage() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![4 => Just((0, MAX_UPDATE)), 1 => (0..20_u64, 0..40_u64)]
}

fn plateau() -> impl Strategy<Value = Plateau> {
    let rule = prop::sample::select(vec![
        PlateauRule::Best,
        PlateauRule::Trend,
        PlateauRule::Torch,
        PlateauRule::Keras,
        PlateauRule::Optax,
    ]);
    let counts = (count(), 1..4_u64, count());
    let shares = (share(), share(), share(), share(), share());
    (mode(), rule, counts, shares, stage()).prop_map(
        |(mode, rule, counts, shares, (from, until))| {
            Plateau::min()
                .mode(mode)
                .rule(rule)
                .patience(counts.0)
                .average(counts.1)
                .cooldown(counts.2)
                .factor(shares.0)
                .threshold(shares.1 * 0.1)
                .min_delta(shares.2 * 0.1)
                .floor(shares.3)
                .eps(shares.4 * 0.01)
                .active(from..until)
        },
    )
}

fn greedy() -> impl Strategy<Value = Greedy> {
    let counts = (count(), count(), count(), count(), 1..9_u64);
    let shares = (share(), share(), share(), share(), share());
    (mode(), counts, shares, 0.5..1e18_f64, stage()).prop_map(
        |(mode, counts, shares, ceiling, (from, until))| {
            Greedy::min()
                .mode(mode)
                .patience(counts.0)
                .cooldown(counts.1)
                .warmup(counts.2)
                .smooth(counts.3)
                .reset_start(counts.4)
                .factor(shares.0)
                .threshold(shares.1 * 0.1)
                .min_delta(shares.2 * 0.1)
                .floor(shares.3)
                .eps(shares.4 * 0.01)
                .ceiling(ceiling)
                .active(from..until)
        },
    )
}

fn metrics() -> impl Strategy<Value = Vec<f64>> {
    let metric = prop_oneof![
        6 => -1.0..1.0_f64,
        2 => prop::sample::select(vec![0.5, 0.25, -0.5]),
        1 => prop::num::f64::ANY,
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN]),
    ];
    prop::collection::vec(metric, 1..60)
}

/// Both kinds on a peak of 0.1, or `None` where the check refuses them.
fn build(plateau: Plateau, greedy: Greedy) -> Option<Scheduler> {
    let rate = Linear::new(40).end(0.5).peak(0.1).unwrap();
    let (rate, _) = rate.plateau(plateau).ok()?;
    Some(rate.greedy(greedy).ok()?.0)
}

/// Reports to both, and takes an update.
fn go(rate: &mut Scheduler, metric: f64) -> (Vec<Reaction>, f64) {
    let reactions = rate
        .feedback()
        .iter()
        .map(|handle| handle.report(metric))
        .collect();
    (reactions, rate.step())
}

/// Through Burn's record, where there is one.
fn restore(fresh: &mut Scheduler, saved: &Scheduler) {
    #[cfg(feature = "burn")]
    {
        use burn_optim::lr_scheduler::{LrScheduler, LrSchedulerRecord};
        let bytes = saved.to_record().into_bytes().unwrap();
        fresh
            .try_load_record(LrSchedulerRecord::from_bytes(bytes).unwrap())
            .unwrap();
    }
    #[cfg(all(feature = "serde", not(feature = "burn")))]
    {
        let text = serde_json::to_string(&saved.state()).unwrap();
        let state: schedules::SchedulerState = serde_json::from_str(&text).unwrap();
        fresh.try_restore(state).unwrap();
    }
    #[cfg(not(any(feature = "burn", feature = "serde")))]
    {
        fresh.try_restore(saved.state()).unwrap();
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn multipliers_stay_within_their_limits(
        plateau in plateau(), greedy in greedy(), floor in share(), metrics in metrics(),
    ) {
        let (plateau, greedy) = (plateau.floor(floor), greedy.floor(floor).ceiling(4.0));
        let Some(mut rate) = build(plateau, greedy) else { return Ok(()) };
        for metric in metrics {
            let before: Vec<f64> = rate.feedback().iter().map(FeedbackHandle::multiplier).collect();
            let (reactions, learning_rate) = go(&mut rate, metric);
            prop_assert!((0.0..=0.1 * 4.0).contains(&learning_rate), "{learning_rate}");
            for ((handle, before), reaction) in rate.feedback().iter().zip(before).zip(reactions) {
                let now = handle.multiplier();
                let most = if handle.kind() == "plateau" { 1.0 } else { 4.0 };
                prop_assert!((floor..=most).contains(&now), "{now}");
                match reaction {
                    Reaction::Reduced { from, to } => prop_assert!(from == before && to == now && to < from),
                    Reaction::Raised { from, to } => prop_assert!(from == before && to == now && to > from),
                    Reaction::Reset { from, to } => prop_assert!(from == before && to == now && to == 1.0),
                    _ => prop_assert_eq!(before, now),
                }
            }
        }
    }

    #[test]
    fn a_fresh_scheduler_goes_on_exactly(
        plateau in plateau(), greedy in greedy(), metrics in metrics(), at in 0..60_usize,
    ) {
        let Some(mut saved) = build(plateau, greedy) else { return Ok(()) };
        let at = at.min(metrics.len());
        for metric in &metrics[..at] {
            go(&mut saved, *metric);
        }
        let mut fresh = build(plateau, greedy).unwrap();
        restore(&mut fresh, &saved);
        prop_assert_eq!(fresh.state(), saved.state());
        for metric in &metrics[at..] {
            prop_assert_eq!(go(&mut fresh, *metric), go(&mut saved, *metric));
        }
        prop_assert_eq!(fresh.state(), saved.state());
    }

    #[test]
    fn a_foreign_state_is_refused(plateau in plateau(), greedy in greedy(), metrics in metrics()) {
        let Some(mut fresh) = build(plateau, greedy) else { return Ok(()) };
        let before = fresh.state();
        for (other, others) in [
            (plateau.factor(0.123), greedy),
            (plateau.active(3..), greedy),
            (plateau, greedy.factor(0.123)),
            (plateau, greedy.reset_start(77)),
        ] {
            let mut other = build(other, others).unwrap();
            for metric in &metrics {
                go(&mut other, *metric);
            }
            let refused = fresh.try_restore(other.state());
            prop_assert!(matches!(refused, Err(StateError::Feedback { .. })), "{refused:?}");
        }
        let plain = Linear::new(40).end(0.5).peak(0.1).unwrap();
        prop_assert!(fresh.try_restore(plain.state()).is_err());
        let mut damaged = before.clone();
        damaged.feedback[1].bits[0] = 5e18_f64.to_bits();
        prop_assert_eq!(fresh.try_restore(damaged), Err(StateError::FeedbackState { index: 1 }));
        let mut damaged = before.clone();
        damaged.feedback[0].bits[0] = f64::NAN.to_bits();
        prop_assert_eq!(fresh.try_restore(damaged), Err(StateError::FeedbackState { index: 0 }));
        let mut damaged = before.clone();
        damaged.feedback[0].counts.pop();
        prop_assert_eq!(fresh.try_restore(damaged), Err(StateError::FeedbackState { index: 0 }));
        let mut damaged = before.clone();
        damaged.feedback[0].bits.extend([0; 1_001]);
        prop_assert_eq!(fresh.try_restore(damaged), Err(StateError::FeedbackState { index: 0 }));
        prop_assert_eq!(fresh.state(), before);
    }
}

#[test]
fn enough_draws_are_accepted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted = (0..500)
        .filter(|_| {
            let draw = |runner: &mut _| {
                (
                    plateau().new_tree(runner).unwrap(),
                    greedy().new_tree(runner).unwrap(),
                )
            };
            let (plateau, greedy) = draw(&mut runner);
            use proptest::strategy::ValueTree;
            build(plateau.current(), greedy.current()).is_some()
        })
        .count();
    assert!(accepted >= 25, "only {accepted} of 500");
}

#[test]
fn growth_saturates() {
    let greedy = || Greedy::min().patience(0).factor(1e-9).ceiling(1e18);
    let (rate, first) = Constant::new()
        .peak(1e18)
        .unwrap()
        .greedy(greedy())
        .unwrap();
    let (rate, second) = rate.greedy(greedy()).unwrap();
    for loss in [4.0, 3.0, 2.0, 1.0] {
        first.report(loss);
        second.report(loss);
    }
    assert_eq!((first.multiplier(), second.multiplier()), (1e18, 1e18));
    assert_eq!(rate.rate_at(0), 1e36);
}

#[test]
fn clones_share_the_feedback_and_not_the_counter() {
    let plateau = Plateau::min().patience(1).factor(0.5).active(3..5);
    let (mut rate, handle) = Constant::new().peak(1.0).unwrap().plateau(plateau).unwrap();
    let mut clone = rate.clone();
    assert_eq!(handle.report(1.0), Reaction::Inactive { update: 0 });
    for _ in 0..3 {
        rate.step();
    }
    assert_eq!(handle.report(1.0), Reaction::Inactive { update: 2 });
    // The one further behind does not pull it back.
    rate.step();
    clone.step();
    assert_eq!((rate.update(), clone.update(), handle.update()), (4, 1, 3));
    assert_eq!(handle.report(1.0), Reaction::Unchanged);
    let reduced = Reaction::Reduced { from: 1.0, to: 0.5 };
    assert_eq!(clone.feedback()[0].report(1.0), reduced);
    assert_eq!((rate.step(), clone.step()), (0.5, 0.5));
    rate.step();
    assert_eq!(handle.report(1.0), Reaction::Inactive { update: 5 });
    // What was reached goes on, and a seek leads back into the stage.
    assert_eq!(rate.rates(0..2), [0.5, 0.5]);
    rate.seek(4);
    assert_eq!(handle.update(), 3);
    assert_eq!(
        handle.report(1.0),
        Reaction::Reduced {
            from: 0.5,
            to: 0.25
        }
    );
    rate.seek(6);
    assert_eq!(handle.report(1.0), Reaction::Inactive { update: 5 });
}

#[test]
fn the_update_is_resumed_with_the_rest() {
    let plateau = Plateau::min().patience(1).active(5..);
    let build = || Constant::new().peak(1.0).unwrap().plateau(plateau).unwrap();
    let (mut saved, _) = build();
    for _ in 0..6 {
        saved.step();
    }
    let (mut fresh, handle) = build();
    assert_eq!(handle.report(1.0), Reaction::Inactive { update: 0 });
    restore(&mut fresh, &saved);
    assert_eq!(handle.update(), 5);
    assert_eq!(handle.report(1.0), Reaction::Unchanged);
    // What is attached to a run under way begins there.
    let (_, later) = saved.plateau(plateau).unwrap();
    assert_eq!(later.update(), 5);
}

#[test]
fn a_handle_crosses_threads() {
    let (rate, handle) = Constant::new()
        .peak(1.0)
        .unwrap()
        .plateau(Plateau::min().patience(1).factor(0.5))
        .unwrap();
    let reporter = handle.clone();
    std::thread::spawn(move || [1.0, 1.0].map(|loss| reporter.report(loss)))
        .join()
        .unwrap();
    assert_eq!((rate.rate_at(0), handle.multiplier()), (0.5, 0.5));
}
