//! Where a traversal of a module is, and what PyTorch calls the tensor there.

/// The names from a module's root down to one tensor, each with the container that it is a member of.
#[derive(Debug, Default)]
pub(crate) struct TensorPath {
    steps: Vec<(String, String)>,
}

impl TensorPath {
    /// What Burn's visitors and mappers are told on the way down.
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        self.steps.push((name.to_owned(), container.to_owned()));
    }

    /// What they are told on the way up.
    pub(crate) fn leave(&mut self) {
        self.steps.pop();
    }

    /// PyTorch's name, such as `layers.0.weight`: its classes know nothing of the variants of our enum.
    pub(crate) fn name(&self) -> String {
        let members = self.steps.iter();
        let members = members.filter(|(_, container)| !container.starts_with("Enum:"));
        join(members)
    }

    /// Burn's path, such as `Mlp.layers.0.weight`.
    pub(crate) fn path(&self) -> String {
        join(self.steps.iter())
    }

    /// Whether here is the matrix that PyTorch keeps as `[outputs, inputs]` and Burn as `[inputs, outputs]`.
    pub(crate) fn is_linear_weight(&self) -> bool {
        let last = self.steps.last();
        last.is_some_and(|(name, container)| name == "weight" && container == "Struct:Linear")
    }
}

fn join<'a>(steps: impl Iterator<Item = &'a (String, String)>) -> String {
    let names: Vec<&str> = steps.map(|(name, _)| name.as_str()).collect();
    names.join(".")
}
