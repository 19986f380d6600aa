//! Learning-rate schedules that compose, for [Burn](https://burn.dev) and without it.
//!
//! ```
//! use schedules::prelude::*;
//!
//! let total = 1_000;
//! let mut rate = Cosine::new(total).floor(0.01).warmup_within(total / 20).peak(3e-3)?;
//! for _ in 0..total {
//!     let learning_rate = rate.step(); // model = optimizer.step(learning_rate, model, gradients);
//! #   assert!(learning_rate > 0.0 && learning_rate <= 3e-3);
//! }
//! assert_eq!(rate.rate_at(50), 3e-3);
//! assert_eq!(rate.rate_at(total), 3e-5);
//! # Ok::<(), ScheduleError>(())
//! ```
//!
//! [`Scheduler`] implements Burn's `LrScheduler`, so `Learner::new(model, optimizer, rate)` takes it as it is.
//!
//! # What a schedule is
//!
//! A [`Schedule`] is a pure function of the update number: the factor by which the peak learning rate is multiplied. An
//! update is one optimizer step, counted from 0. It keeps no counter, so any update can be asked in any order, and
//! what is drawn beforehand is what training uses. After its end, where it has one, the last value holds.
//!
//! | here | PyTorch | timm | optax | transformers | Keras | Burn |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | [`Constant`] | – | `constant` | `constant_schedule` | `constant` | – | a number |
//! | [`Linear`] | `LinearLR` | – | `linear_schedule` | `linear` | – | `LinearLrScheduler` |
//! | [`Polynomial`] | `PolynomialLR` | `poly` | `polynomial_schedule` | `polynomial` | `PolynomialDecay` | – |
//! | [`Exponential`] | `ExponentialLR` | – | `exponential_decay` | – | `ExponentialDecay` | `ExponentialLrScheduler` |
//! | [`Step`] | `StepLR` | `step` | – | – | – | `StepLrScheduler` |
//! | [`MultiStep`] | `MultiStepLR` | `multistep` | `piecewise_constant_schedule` | – | `PiecewiseConstantDecay` | – |
//! | [`Cosine`] | `CosineAnnealingLR` | `cosine` | `cosine_decay_schedule` | `cosine` | `CosineDecay` | `CosineAnnealingLrScheduler` |
//! | [`CosineRestarts`] | `CosineAnnealingWarmRestarts` | `cosine` with cycles | `sgdr_schedule` | `cosine_with_restarts` | `CosineDecayRestarts` | – |
//! | [`Cyclic`] | `CyclicLR` | – | – | – | – | – |
//! | [`OneCycle`] | `OneCycleLR` | – | `cosine_onecycle_schedule` | – | – | – |
//! | [`Wsd`] | – | `wsd` | – | `warmup_stable_decay` | – | – |
//! | [`InverseSqrt`] | – | `rsqrt` | – | `inverse_sqrt` | – | – |
//! | [`Noam`] | – | – | – | – | – | `NoamLrScheduler` |
//! | [`InverseTime`] | – | – | – | – | `InverseTimeDecay` | – |
//! | [`Tanh`] | – | `tanh` | – | – | – | – |
//! | [`Piecewise`] | – | – | `piecewise_interpolate_schedule` | – | – | – |
//! | [`SwaAnneal`] | `SWALR` | – | – | – | – | – |
//! | [`Closure`] | `LambdaLR` | – | any function | – | `LearningRateSchedule` | – |
//! | [`Sequence`] | `SequentialLR` | – | `join_schedules` | – | – | `SequentialLrScheduler` |
//! | [`.times(other)`](Compose::times) | `ChainedScheduler` | – | – | – | – | `ComposedLrScheduler` |
//! | [`.warmup(n)`](Compose::warmup) | `LinearLR` in a sequence | `warmup_prefix` | `warmup_…_schedule` | `…_with_warmup` | `warmup_steps` | – |
//! | [`.k_decay(k)`](Compose::k_decay) | – | `k_decay` | – | – | – | – |
//! | [`.plateau(rule)`](Scheduler::plateau) | `ReduceLROnPlateau` | `plateau` | `reduce_on_plateau` | `reduce_lr_on_plateau` | `ReduceLROnPlateau` | – |
//! | [`.greedy(rule)`](Scheduler::greedy) | – | – | – | `greedy` | – | – |
//!
//! [`FlatCosine`] is fastai's `fit_flat_cos`, [`Rex`] pytorch_optimizer's `REXScheduler`, and [`RangeTest`] the sweep of a
//! learning-rate finder. Nobody else has [`.warmup_within(n)`](Compose::warmup_within),
//! [`.cooldown(n, total)`](Compose::cooldown), [`.at_least(ratio)`](Compose::at_least),
//! [`.scale(ratio)`](Compose::scale), [`.delay(n)`](Compose::delay), [`.repeat(every)`](Compose::repeat) and
//! [`.retimed(at, from, to)`](Compose::retimed). The names are for orientation, since many a peer has a fault or a
//! default of its own: [`compat`] has each under the peer's name and arguments, with its numbers to the last digits.
//!
//! # What they look like
//!
#![doc = include_str!("../docs/gallery.svg")]
//!
//! # Putting schedules together
//!
//! The methods of [`Compose`] wrap any schedule, also one of your own, to any depth. No setter fails: the whole is
//! checked once, in [`.peak(lr)`](Compose::peak), and the error names the parameter, its value and what is allowed.
//!
//! ```
//! use schedules::prelude::*;
//!
//! let error = Cosine::new(1_000).floor(3.0).warmup(50).peak(0.1).unwrap_err();
//! assert_eq!(error.to_string(), "warmup.cosine.floor = 3.0: must be between 0 and 1");
//! ```
//!
//! # The peak for another batch size
//!
//! [`ScalingRule`] carries a learning rate from one batch size to another: linearly for SGD, by the square root for
//! Adam and its kin.
//!
//! # Groups of parameters, and momentum
//!
//! With Burn, `rate.group(ParamGroup::from_predicate("backbone"), 0.1)` multiplies the rate of some parameters and goes
//! into a `Learner` as well; [`layer_decay`] has the multipliers for fine-tuning. [`OneCycle`] and [`Cyclic`] carry a
//! momentum beside the rate: [`Scheduler::handle`] is where an optimizer reads it.
//!
//! # Saving and resuming
//!
//! A record holds the next update and a fingerprint of the schedule. A freshly built scheduler goes on from it exactly,
//! and refuses the record of another schedule: [`Scheduler::try_restore`], with Burn `try_load_record`. Burn's own
//! `load_record` cannot return an error and panics instead. [`Scheduler::seek`] is the way after a change on purpose,
//! and [`Scheduler::retime`] changes the total of a run that is under way.
//!
//! # Feedback
//!
//! A [`Plateau`] reduces the learning rate of any composition where a metric stops getting better, and a [`Greedy`]
//! also raises it. Each is a multiplier that is attached to the scheduler, with a handle for the metric:
//!
//! ```
//! use schedules::prelude::*;
//!
//! let plateau = Plateau::min().factor(0.5).patience(5).floor(0.01);
//! let (mut rate, plateau) = Constant::new().warmup(100).peak(1e-3)?.plateau(plateau)?;
//! for epoch in 0..20 {
//!     for _ in 0..50 {
//!         let learning_rate = rate.step(); // model = optimizer.step(learning_rate, model, gradients);
//!     }
//!     let reaction = plateau.report(0.25); // the loss of the validation
//!     if reaction.is_change() {
//!         println!("epoch {epoch}: {reaction}");
//!     }
//! }
//! assert_eq!(plateau.multiplier(), 0.125);
//! # Ok::<(), ScheduleError>(())
//! ```
//!
//! [`PlateauRule`] has the ways to tell a plateau: by the best so far, by the trend, or as PyTorch, Keras and optax do.
//! The peers under their own names are in [`compat`].
//!
//! # From a config
//!
//! With the feature `serde`, `ScheduleConfig` reads the same shapes from TOML, JSON or any other format, with
//! lengths in updates, epochs or shares of the run ([`Span`]), which a [`Horizon`] turns into updates.
//!
//! # Finding the peak
//!
//! [`finder`] is the arithmetic of a learning-rate finder: it takes the losses of a sweep and suggests rates.
//!
//! # A schedule of your own
//!
//! Implement [`Schedule`], whose page has an example: one function and a fingerprint.
//!
//! # Features
//!
//! - `burn` (default): Burn's `LrScheduler` for [`Scheduler`], from `burn-optim` alone, without a backend.
//! - `serde` (default): `ScheduleConfig`.
//! - `schema`: the JSON Schema of `ScheduleConfig`, by `schemars`.

mod batch_size;
mod check;
mod combinators;
pub mod compat;
#[cfg(feature = "serde")]
mod config;
mod curve;
mod error;
mod feedback;
pub mod finder;
mod fingerprint;
#[cfg(feature = "serde")]
mod form;
#[cfg(feature = "serde")]
mod hint;
mod horizon;
mod layer_decay;
mod power;
mod schedule;
mod scheduler;
mod shapes;
mod span;

pub use batch_size::ScalingRule;
pub use combinators::*;
#[cfg(feature = "serde")]
pub use config::{ScheduleConfig, Shape};
pub use curve::Curve;
pub use error::{ScheduleError, StateError};
pub use feedback::{
    FeedbackHandle, FeedbackState, Greedy, MetricMode, Plateau, PlateauRule, Reaction,
};
pub use fingerprint::Fingerprint;
#[cfg(feature = "serde")]
pub use form::Form;
pub use horizon::Horizon;
pub use layer_decay::layer_decay;
pub use schedule::{MAX_FACTOR, MAX_UPDATE, Schedule};
#[cfg(feature = "burn")]
pub use scheduler::GroupedScheduler;
pub use scheduler::{MAX_PEAK, RateHandle, Retiming, Scheduler, SchedulerState};
pub use shapes::*;
pub use span::Span;

/// Everything that a program with schedules needs in scope.
pub mod prelude {
    pub use crate::combinators::*;
    pub use crate::shapes::*;
    pub use crate::{
        Curve, FeedbackHandle, Fingerprint, Greedy, Horizon, MetricMode, Plateau, PlateauRule,
        Reaction, ScalingRule, Schedule, ScheduleError, Scheduler, Span, StateError,
    };
    #[cfg(feature = "serde")]
    pub use crate::{Form, ScheduleConfig};
}
