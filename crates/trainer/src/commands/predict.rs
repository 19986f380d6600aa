//! `trainer predict`

use std::path::{Path, PathBuf};

use models::Model;
use rayon::prelude::*;
use serde_json::json;

use crate::cli::{PredictArguments, ResultFormat};
use crate::config::{self, Backend, ConfigError};
use crate::data::{BadFile, Inputs, Part, pictures_below, read_picture};
use crate::engine::{Compute, build_model, evaluate, open, rank};
use crate::report::{Console, Prediction, Predictions, RunDirectory};

use super::weights::load_weights;
use super::{Failure, backend};

/// How many pictures are in memory at a time.
const BLOCK: usize = 1024;

pub(super) fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    let format = ResultFormat::of(arguments.format, arguments.json);
    let console = Console {
        json: format == ResultFormat::Json,
    };
    if arguments.top == 0 {
        let wrong = ConfigError::new("--top 0: there is nothing to say").hint("--top 1 or more");
        return Err(wrong.into());
    }
    let directory = RunDirectory::open(&arguments.run)?;
    let inputs = directory.load_inputs()?;
    let settings = config::resolve(arguments.layers(&directory.settings_path())?)?.settings;
    let files = pictures(&arguments.files)?;
    let compute = match settings.backend {
        // Finding the fastest takes longer than the pictures do.
        Backend::Auto => open(Backend::Flex)?,
        backend => open(backend)?,
    };
    backend::warn_if_software(&compute, console);
    let model = build_model(&settings, &inputs.images(&[]), &compute.device)?;
    let asked = Asked {
        model: load_weights(&directory, model, console)?,
        inputs: &inputs,
        batch_size: settings.data.batch_size.min(files.len()),
        compute: &compute,
        top: arguments.top,
    };
    let (mut predictions, mut bad) = (Vec::new(), Vec::new());
    for files in files.chunks(BLOCK) {
        asked.predict(files, &mut predictions, &mut bad);
    }

    let report = Predictions::new(&predictions, inputs.classes());
    match format {
        ResultFormat::Text if predictions.is_empty() => {}
        ResultFormat::Text => console.result(report),
        ResultFormat::Csv => console.rows(|out| report.write_csv(out)),
        ResultFormat::Json => console.data(&json!({
            "run": directory.path(),
            "predictions": report.json(),
            "bad": bad.iter().map(|file| json!({
                "file": file.path.display().to_string(),
                "reason": file.reason,
            })).collect::<Vec<_>>(),
        })),
    }
    if bad.is_empty() {
        return Ok(());
    }
    for file in &bad {
        console.warn(format_args!("the file {file}"));
    }
    Err(Failure::bad_pictures(bad.len(), files.len()))
}

/// Who is asked, and for how much.
struct Asked<'a> {
    model: Model,
    inputs: &'a Inputs,
    batch_size: usize,
    compute: &'a Compute,
    top: usize,
}

impl Asked<'_> {
    fn predict(
        &self,
        files: &[PathBuf],
        predictions: &mut Vec<Prediction>,
        bad: &mut Vec<BadFile>,
    ) {
        let (shape, resize) = (self.inputs.shape(), self.inputs.resize);
        let read = |path: &PathBuf| read_picture(path, shape, resize);
        let read: Vec<_> = files.par_iter().map(read).collect();
        let (mut good, mut pictures) = (Vec::new(), Vec::new());
        for (path, read) in files.iter().zip(read) {
            match read {
                Ok(picture) => {
                    good.push(path);
                    pictures.push(picture);
                }
                Err(file) => bad.push(file),
            }
        }
        let part = Part::all(self.inputs.images(&pictures));
        evaluate(
            &self.model,
            &part,
            self.batch_size,
            self.compute,
            |position, logits| {
                predictions.push(Prediction {
                    file: good[position].clone(),
                    ranked: rank(logits, self.top),
                });
            },
        );
    }
}

/// The files that were named, and those in the folders that were.
fn pictures(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let found = pictures_below(path)?;
        if found.is_empty() {
            return Err(Failure::no_picture(path));
        }
        files.extend(found);
    }
    Ok(files)
}

impl Failure {
    fn bad_pictures(bad: usize, of: usize) -> Self {
        let hint = "png, jpg, jpeg and webp are read; the others were predicted";
        Self::data(format_args!("{bad} of {of} pictures cannot be read")).hint_of(hint)
    }

    fn no_picture(folder: &Path) -> Self {
        let folder = folder.display();
        Self::data(format_args!("the folder `{folder}` holds no picture"))
            .hint_of("png, jpg, jpeg and webp are looked for, also in the folders below it")
    }
}
