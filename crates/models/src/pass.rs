//! What a forward pass is for.

/// What a forward pass is for. Nothing else decides how batch norm, dropout and stochastic depth behave: neither the
/// device nor whether gradients are asked for.
///
/// | pass | batch norm normalises by | its running statistics | dropout, stochastic depth |
/// | --- | --- | --- | --- |
/// | `Evaluation` | running statistics | stay | none |
/// | `Measurement` | the batch's own | stay | drawn |
/// | `Training` | the batch's own | move | drawn |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// What the trained network says.
    Evaluation,
    /// What training would compute of this batch, leaving the model as it is: to measure a loss or a gradient between
    /// two updates.
    Measurement,
    /// The forward half of an update.
    Training,
}

/// A pass with the number that its masks are drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward {
    pub(crate) pass: Pass,
    pub(crate) draw: Option<u64>,
}

impl Forward {
    /// A pass that drops nothing and moves nothing.
    pub(crate) const EVALUATION: Self = Self {
        pass: Pass::Evaluation,
        draw: None,
    };

    /// What to draw masks from, if this pass drops anything.
    pub(crate) fn draw(self) -> Option<u64> {
        match self.pass {
            Pass::Evaluation => None,
            Pass::Measurement | Pass::Training => self.draw,
        }
    }
}
