//! Why a command stopped, and the exit code that says so.

use std::fmt;

use models::FreezeError;

use crate::config::ConfigError;
use crate::data::DataError;
use crate::engine::{DeviceError, FitError, StartError, WeightsError};
use crate::report::RunError;

/// One sentence, one hint, one exit code.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    hint: Option<String>,
}

const INTERNAL: u8 = 1;
const CONFIG: u8 = 2;
const DATA: u8 = 3;
const DEVICE: u8 = 4;
const DIVERGED: u8 = 5;
const CHECKPOINT: u8 = 6;

impl Failure {
    fn new(code: u8, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            hint: None,
        }
    }

    /// Data that cannot be used.
    pub(super) fn data(message: impl fmt::Display) -> Self {
        Self::new(DATA, message)
    }

    /// A temporary folder that cannot be made.
    pub(super) fn scratch(error: std::io::Error) -> Self {
        Self::new(INTERNAL, format_args!("no temporary folder: {error}"))
            .hint_of("TMPDIR names the folder that it is made in")
    }

    pub(super) fn hint_of(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A panic: a fault in the program or in a driver.
    pub fn internal(panic: String) -> Self {
        Self::new(INTERNAL, format_args!("internal: {panic}")).hint_of(
            "on a GPU, try --backend flex; please report this with the command that caused it",
        )
    }

    /// The process's exit code.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self {
            code: CONFIG,
            message: error.message,
            hint: error.hint,
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self {
            code: DATA,
            message: with_causes(&error),
            hint: error.hint().map(str::to_owned),
        }
    }
}

/// An error and what lies beneath it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |message, cause| {
        format!("{message}: {cause}")
    })
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        Self::new(DEVICE, &error).hint_of(error.hint)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let head_only = error.is_head_only();
        match error {
            StartError::Model(error) => error.into(),
            StartError::Weights(error) => {
                let hint = match &error {
                    WeightsError::Misfit { .. } if head_only => {
                        "for other classes than the file's, --set model.head=new draws a new last layer"
                    }
                    WeightsError::Misfit { .. } => {
                        "give --model and the sizes that the file was made with; its tensors must have PyTorch's names"
                    }
                    _ => {
                        "such a file comes from `trainer export RUN`, or in Python from safetensors.torch.save_file(model.state_dict(), FILE)"
                    }
                };
                Self::new(CHECKPOINT, with_causes(&error)).hint_of(hint)
            }
            StartError::Freeze(error) => {
                let failure = Self::new(CONFIG, format_args!("model.freeze: {error}"));
                match error {
                    FreezeError::NoMatch { names, .. } => {
                        failure.hint_of(format!("they are {}", names.join(", ")))
                    }
                    _ => failure.hint_of("leave at least the head: \"head\" is its name"),
                }
            }
        }
    }
}

impl From<FitError> for Failure {
    fn from(error: FitError) -> Self {
        let failure = Self::new(CONFIG, &error);
        match error {
            FitError::NoBatch { .. } => {
                failure.hint_of("a smaller --batch-size, or --set data.drop_last=false")
            }
            FitError::Start(error) => error.into(),
            FitError::Diverged(_) => Self {
                code: DIVERGED,
                ..failure.hint_of("a lower --lr, or a warm-up: --set schedule.warmup=10%")
            },
            _ => failure,
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Exists { .. } => {
                Self::new(CONFIG, error).hint_of("another --name, or none for a numbered one")
            }
            RunError::NoRun { .. } => Self::new(CHECKPOINT, error).hint_of(
                "a run is a directory that `trainer train` made and named when it was done",
            ),
            RunError::Content { .. } => Self::new(CHECKPOINT, error),
            RunError::File { .. } => Self::new(INTERNAL, error),
        }
    }
}
