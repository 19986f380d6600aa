//! Whether this machine has the memory that a model takes.

use models::ImageShape;

use super::{Resolved, refuse};
use crate::config::{ConfigError, Network};

impl Resolved {
    /// Checks that the weights of the model have room in this machine's memory twice: as they are used, and as they begin
    /// or are saved.
    ///
    /// A run takes more than that, and some systems promise more than they have: a model that is not refused may still be
    /// too large.
    ///
    /// # Errors
    /// The setting that makes it too large.
    pub fn check_memory(&self, shape: ImageShape, classes: usize) -> Result<(), ConfigError> {
        let network = &self.settings.model.network;
        // Whoever builds it says what else is wrong with it.
        let Ok(summary) = network.config().summary(shape, classes) else {
            return Ok(());
        };
        let bytes = summary.parameters().saturating_mul(size_of::<f32>());
        if is_to_be_had(bytes.saturating_mul(2)) {
            return Ok(());
        }
        let key = match network {
            Network::Mlp { .. } => "model.hidden",
            Network::LeNet5 => "model.kind",
            Network::Cnn { widths, hidden } if widths.iter().max() < hidden.iter().max() => {
                "model.hidden"
            }
            Network::Cnn { .. } | Network::ConvNet { .. } => "model.widths",
            Network::ResNet { .. } => "model.depth",
        };
        let gigabytes = bytes as f64 / 1e9;
        let reason = format!(
            "the weights take at least {gigabytes:.1} GB, and training them twice that; this machine does not have it"
        );
        Err(refuse(&self.layers, key, reason))
    }
}

/// Whether the system promises so many bytes at once; they are given back without being touched.
fn is_to_be_had(bytes: usize) -> bool {
    let mut memory = Vec::<u8>::new();
    let promised = memory.try_reserve_exact(bytes).is_ok();
    // Nobody may conclude that it is not used.
    std::hint::black_box(memory);
    promised
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::config::{Layer, resolve};

    fn checked(assignments: &[&str]) -> Result<(), String> {
        let layers = assignments
            .iter()
            .map(|text| Layer::from_set(text).unwrap());
        let shape = ImageShape {
            channels: 1,
            height: 8,
            width: 8,
        };
        let resolved = resolve([Layer::of(layers)]).unwrap();
        let checked = resolved.check_memory(shape, 10);
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn a_model_that_no_machine_holds_is_named() {
        // 64·w + w, w² + w and 10·w + 10 parameters of 4 bytes.
        let wide = checked(&["model.hidden=[10000000,10000000]"]).unwrap_err();
        let named = "model.hidden = [10000000, 10000000] (--set): the weights take at least 400003.0 GB, and";
        assert!(wide.starts_with(named), "{wide}");
        for assignments in [
            &["model.hidden=[5000000000,5000000000]"][..],
            &["model.kind=cnn", "model.hidden=[5000000000,5000000000]"],
            &["model.kind=convnet", "model.widths=[5000000000]"],
            &["model.kind=convnet", "model.widths=[1000000000000000000]"],
        ] {
            assert!(checked(assignments).is_err(), "{assignments:?}");
        }
        assert_eq!(checked(&["model.hidden=[4096,4096]"]), Ok(()));
        assert_eq!(checked(&["model.kind=resnet", "model.depth=56"]), Ok(()));
    }
}
