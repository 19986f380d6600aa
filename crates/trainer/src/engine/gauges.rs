//! What is measured beside an update, now and then.

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use models::{ImageBatch, Model};
use optimizers::gradient_norm;

use super::displacement::{Departure, Displacement};
use super::gain::{Gauge, Reading};
use super::live_units::live_units;
use super::step::Objective;
use super::{Plan, Probe, Update};

/// Which updates are looked at, and what was seen of those whose losses are not read back yet.
#[derive(Debug)]
pub(super) struct Gauges {
    /// The number of the update that is the last one, counted from 1.
    last: u64,
    probe_every: u64,
    gain_every: u64,
    seen: Vec<Seen>,
}

/// An update that is looked at, before it is made.
#[derive(Debug)]
pub(super) struct Look {
    probe: Option<(Departure, Gradient)>,
    gauge: Option<Gauge>,
}

/// What a probe sees of an update's gradient.
#[derive(Debug)]
struct Gradient {
    norm: Option<Tensor<1>>,
    live_units: Option<f64>,
}

/// An update that was looked at. What is on the device stays there until the losses are read.
#[derive(Debug)]
struct Seen {
    update: u64,
    probe: Option<(Displacement, Gradient)>,
    gain: Option<Reading>,
}

impl Gauges {
    /// Probes the first update and those that validation is measured after; measures the gain of those whose number
    /// `gain_every` divides, of none at 0.
    pub(super) fn new(plan: &Plan, gain_every: u64) -> Self {
        Self {
            last: plan.updates,
            probe_every: plan.evaluate_every,
            gain_every,
            seen: Vec::new(),
        }
    }

    /// The run has another length.
    pub(super) fn set_last(&mut self, updates: u64) {
        self.last = updates;
    }

    /// Whether `update` needs the next one's batches.
    pub(super) fn gains(&self, update: u64) -> bool {
        self.gain_every > 0 && (update + 1).is_multiple_of(self.gain_every)
    }

    fn probes(&self, update: u64) -> bool {
        let done = update + 1;
        update == 0 || done.is_multiple_of(self.probe_every) || done == self.last
    }

    /// Looks at `update` before it is made, if it is one to look at; `next` are the batches of the one after it, if its
    /// gain is to be measured.
    pub(super) fn before(
        &self,
        update: u64,
        model: &Model,
        gradients: &GradientsParams,
        next: Option<Vec<ImageBatch>>,
        objective: Objective,
    ) -> Option<Look> {
        let probes = self.probes(update);
        (probes || next.is_some()).then(|| Look {
            probe: probes.then(|| {
                let gradient = Gradient {
                    norm: gradient_norm(model, gradients),
                    live_units: live_units(model, gradients),
                };
                (Departure::from(model, gradients), gradient)
            }),
            gauge: next.map(|next| Gauge::begin(objective, model, next)),
        })
    }

    /// Looks again after it was made.
    pub(super) fn after(&mut self, update: u64, look: Look, model: &Model, objective: Objective) {
        let probe = look.probe;
        let probe = probe.and_then(|(departure, gradient)| Some((departure.to(model)?, gradient)));
        let gauge = look.gauge;
        self.seen.push(Seen {
            update,
            probe,
            gain: gauge.and_then(|gauge| gauge.end(objective, model)),
        });
    }

    /// Reads back what was seen into the `updates` that it was seen of.
    pub(super) fn read(&mut self, updates: &mut [Update]) {
        let number = |tensor: Tensor<1>| tensor.into_scalar::<f64>();
        for seen in self.seen.drain(..) {
            let Some(update) = updates.iter_mut().find(|each| each.update == seen.update) else {
                continue;
            };
            if let Some((displacement, gradient)) = seen.probe
                && let Some(norm) = gradient.norm
            {
                let Displacement { moved, weights, .. } = displacement;
                update.probe = Some(Probe {
                    gradient_norm: number(norm),
                    update_ratio: (number(moved) / number(weights)).sqrt(),
                    live_units: gradient.live_units,
                });
            }
            update.gain = seen.gain.and_then(Reading::value);
        }
    }
}
