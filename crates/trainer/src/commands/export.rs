//! `trainer export`

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use models::StateDict;
use serde_json::{Value, json};

use crate::cli::{ExportArguments, WeightsFormat};
use crate::config::{Backend, ConfigError, Settings};
use crate::data::Images;
use crate::engine::{self, build_model, weights_to_bytes};
use crate::report::{Console, RunDirectory};

use super::Failure;
use super::prepare::prepare;
use super::weights::load_weights;

pub(super) fn run(arguments: &ExportArguments) -> Result<(), Failure> {
    let console = Console {
        json: arguments.json,
    };
    let directory = RunDirectory::open(&arguments.run)?;
    let prepared = prepare(arguments.layers(&directory.settings_path())?, console)?;
    let settings = &prepared.resolved.settings;
    let images = prepared.dataset.train.images();
    let device = engine::open(Backend::Flex)?.device;
    let model = build_model(settings, images, &device)?;
    let weights = load_weights(&directory, model, console)?.state_dict();
    let bytes = match arguments.format {
        WeightsFormat::Safetensors => {
            weights_to_bytes(&weights, describe(settings, images).to_string())
                .map_err(|error| Failure::internal(error.to_string()))?
        }
    };
    let default = directory.path().join("model.safetensors");
    let path = arguments.output.as_deref().unwrap_or(&default);
    write_new(path, &bytes)?;

    console.data(&json!({
        "file": path,
        "tensors": tensors(&weights),
    }));
    console.result(format_args!(
        "{}: {} tensors of {}, {} bytes",
        path.display(),
        weights.len(),
        settings.model.name(),
        bytes.len(),
    ));
    Ok(())
}

/// The network and what it was built for: all that is needed to build it again.
fn describe(settings: &Settings, images: &Images) -> Value {
    let shape = images.shape();
    json!({
        "network": settings.model.network,
        "image_shape": [shape.channels, shape.height, shape.width],
        "classes": images.classes(),
    })
}

/// The shape of each tensor, by name.
fn tensors(weights: &StateDict) -> Value {
    let shapes = weights.iter();
    let shapes = shapes.map(|(name, data)| (name.to_owned(), json!(data.shape().to_vec())));
    Value::Object(shapes.collect())
}

/// Writes a file that was not there, or was there with these very bytes; whole or not at all.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), ConfigError> {
    let refused = |error: std::io::Error| {
        ConfigError::new(format!("{}: {error}", path.display()))
            .hint("--output names a new file in a folder that is there")
    };
    if path.exists() {
        let same = fs::metadata(path).is_ok_and(|there| there.len() == bytes.len() as u64)
            && fs::read(path).is_ok_and(|there| there == bytes);
        return if same {
            Ok(())
        } else {
            let message = format!("{} is there already, with other content", path.display());
            Err(ConfigError::new(message).hint("another --output FILE; nothing is overwritten"))
        };
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.partial", std::process::id()));
    let written = File::create_new(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(refused)
}
