//! Where an update moved the weights.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use models::Model;

/// The weights that are about to move, and their gradients.
///
/// While it is held, the update copies what it would otherwise change in place.
#[derive(Debug)]
pub(super) struct Departure {
    weights: GradientsParams,
    gradients: GradientsParams,
}

/// What an update did, as one-element tensors on the device.
#[derive(Debug)]
pub(super) struct Displacement {
    /// `⟨g, Δθ⟩`: the loss change that the gradient predicts.
    pub(super) predicted: Tensor<1>,
    /// `|Δθ|²`
    pub(super) moved: Tensor<1>,
    /// `|θ|²`, before.
    pub(super) weights: Tensor<1>,
}

impl Departure {
    pub(super) fn from(model: &Model, gradients: &GradientsParams) -> Self {
        let mut copy = Copy {
            from: gradients,
            departure: Self {
                weights: GradientsParams::new(),
                gradients: GradientsParams::new(),
            },
        };
        model.visit(&mut copy);
        copy.departure
    }

    /// How far it is to where `model` is now; `None` if it has no gradient at all.
    pub(super) fn to(&self, model: &Model) -> Option<Displacement> {
        let mut measure = Measure {
            departure: self,
            sums: None,
        };
        model.visit(&mut measure);
        measure.sums
    }
}

struct Copy<'a> {
    from: &'a GradientsParams,
    departure: Departure,
}

impl ModuleVisitor for Copy<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.from.get::<D>(param.id) {
            let departure = &mut self.departure;
            departure.gradients.register(param.id, gradient);
            departure.weights.register(param.id, param.val().inner());
        }
    }
}

struct Measure<'a> {
    departure: &'a Departure,
    sums: Option<Displacement>,
}

impl ModuleVisitor for Measure<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let departure = self.departure;
        let (Some(gradient), Some(before)) = (
            departure.gradients.get::<D>(param.id),
            departure.weights.get::<D>(param.id),
        ) else {
            return;
        };
        let moved = param.val().inner() - before.clone();
        let own = Displacement {
            predicted: (gradient * moved.clone()).sum(),
            moved: moved.square().sum(),
            weights: before.square().sum(),
        };
        self.sums = Some(match self.sums.take() {
            None => own,
            Some(sums) => Displacement {
                predicted: sums.predicted + own.predicted,
                moved: sums.moved + own.moved,
                weights: sums.weights + own.weights,
            },
        });
    }
}
