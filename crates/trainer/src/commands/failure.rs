//! Why a command stopped, and the exit code that says so.

use std::fmt;
use std::path::Path;

use models::FreezeError;

use crate::config::{ConfigError, ForkSettings};
use crate::data::DataError;
use crate::engine::{
    CheckpointError, Compute, DeviceError, FitError, PlanError, ResumeError, StartError,
    WeightsError,
};
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
    /// The exit code of a process that was asked to end: 128 and the number of the signal of Ctrl-C.
    pub(super) const INTERRUPTED: u8 = 130;

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

    /// The same, said of one strategy of several.
    pub(super) fn of(mut self, condition: &str, strategy: &str) -> Self {
        self.message = format!("{condition}, {strategy}: {}", self.message);
        self
    }

    /// A run that somebody stopped.
    pub(super) fn interrupted(updates: u64, run: &Path) -> Self {
        let message = format_args!("stopped after {updates} updates; all of them are kept");
        let hint = format!("go on with: trainer train --resume {}", quoted(run));
        Self::new(Self::INTERRUPTED, message).hint_of(hint)
    }

    /// A run that ended because its files could not be written.
    pub(super) fn not_kept(error: RunError, run: &Path) -> Self {
        Self::from(error).hint_of(format!(
            "what was saved before is whole: with the cause gone, trainer train --resume {} goes on from there",
            quoted(run)
        ))
    }

    /// A change of a run that no process trains.
    pub(super) fn not_running(run: &Path) -> Self {
        let run = quoted(run);
        Self::new(CONFIG, format_args!("{run} is not running, and only a run on its way can be adjusted"))
            .hint_of(format!(
                "trainer train --resume {run} goes on with it; trainer train --fork {run} --set KEY=VALUE begins a new \
                 run from its state with another setting"
            ))
    }

    /// A change of a run that is asked for another one.
    pub(super) fn asked_already(run: &Path) -> Self {
        let run = run.display();
        Self::new(
            CONFIG,
            format_args!("{run} has not answered an earlier request yet"),
        )
        .hint_of("it does so after its next update; try again then")
    }

    /// A change that the run cannot make.
    pub(super) fn refused(run: &Path, reason: &str) -> Self {
        let message = format_args!("{} cannot be changed so: {reason}", run.display());
        Self::new(CONFIG, message).hint_of(format!(
            "trainer train --fork {} begins a new run from its state, with any length",
            quoted(run)
        ))
    }

    /// A change that was asked for, and a run that ended without an answer.
    pub(super) fn not_answered(run: &Path) -> Self {
        let message = format_args!("{} ended before it took the change over", run.display());
        let run = quoted(run);
        Self::new(CONFIG, message).hint_of(format!(
            "trainer train --resume {run}, then ask again; or trainer train --fork {run}"
        ))
    }

    /// A state that a run has not kept.
    pub(super) fn no_such_state(fork: &ForkSettings, kept: &[u64]) -> Self {
        let run = fork.run.display();
        let asked = fork.update.unwrap_or_default();
        let kept: Vec<String> = kept.iter().map(u64::to_string).collect();
        Self::new(
            CONFIG,
            format_args!(
                "{run} keeps no state after {asked} updates; it keeps those after {}",
                kept.join(", ")
            ),
        )
        .hint_of("--fork RUN@UPDATE names one of them, --fork RUN the newest")
    }

    /// A state that a new run cannot begin with.
    pub(super) fn of_fork(error: FitError) -> Self {
        match error {
            FitError::Resume(ResumeError::Length { made, planned }) => Self::new(
                CONFIG,
                format_args!("nothing is left to train: the state has made {made} updates, and the new run has {planned}"),
            )
            .hint_of("a longer one: --epochs, or --set train.length; or an earlier state: --fork RUN@UPDATE"),
            FitError::Resume(ResumeError::Weights(error)) => Self::new(
                CONFIG,
                format_args!("the state is of another model: {error}"),
            )
            .hint_of("for weights of another head, trainer export RUN, then trainer train --init FILE --set model.head=new"),
            error => error.into(),
        }
    }

    /// Settings on the command line that a run cannot take up any more.
    pub(super) fn another_past(run: &Path, changes: &str) -> Self {
        let run = run.display();
        Self::new(
            CONFIG,
            format_args!("{run} cannot go on with other settings than it began with: {changes}"),
        )
        .hint_of(
            "backend, data.path and checkpoint.every may change; with others, trainer train --fork RUN begins a new run \
             from its state",
        )
    }

    /// A checkpoint whose weights are another model's.
    pub(super) fn foreign_weights(checkpoint: &Path, error: models::StateDictError) -> Self {
        let checkpoint = checkpoint.display();
        Self::new(
            CHECKPOINT,
            format_args!("the checkpoint {checkpoint}: {error}"),
        )
    }

    /// A panic while a run was trained: of a device, where that is what the panic says or where it is a GPU that computes.
    pub(super) fn in_training(panic: String, compute: &Compute, run: &Path) -> Self {
        let said = panic.to_lowercase();
        let memory = [
            "out of memory",
            "outofmemory",
            "memory allocation",
            "not enough memory",
        ];
        let memory = memory.iter().any(|words| said.contains(words));
        let lost = ["device was lost", "device lost", "devicelost"];
        let lost = lost.iter().any(|words| said.contains(words));
        if !memory && !lost && !compute.is_gpu() {
            return Self::internal(panic);
        }
        let cause = if memory { "is out of memory" } else { "failed" };
        let name = compute.backend.name();
        let message = format_args!("the device ({name} on {}) {cause}: {panic}", compute.name);
        let smaller = if memory {
            "a new run with a smaller --batch-size (--set train.accumulate=2 makes up for half of it), or "
        } else {
            ""
        };
        Self::new(DEVICE, message).hint_of(format!(
            "{smaller}go on from the last checkpoint, here or on another backend: trainer train --resume {} --backend flex",
            quoted(run)
        ))
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

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let failure = Self::new(CONFIG, &error);
        match error {
            PlanError::NoBatch { .. } => {
                failure.hint_of("a smaller --batch-size, or --set data.drop_last=false")
            }
            _ => failure,
        }
    }
}

impl From<FitError> for Failure {
    fn from(error: FitError) -> Self {
        match error {
            FitError::Plan(error) => error.into(),
            FitError::Start(error) => error.into(),
            FitError::Resume(error) => error.into(),
            FitError::Diverged(error) => Self::new(DIVERGED, error).hint_of(format!(
                "a lower --lr, such as {:.1e}, or a warm-up: --set schedule.warmup=10%; --set train.on_divergence=recover \
                 goes back and lowers it by itself",
                error.learning_rate / 10.0
            )),
            FitError::Stopped { .. } => Self::new(Self::INTERRUPTED, error),
        }
    }
}

impl From<ResumeError> for Failure {
    fn from(error: ResumeError) -> Self {
        Self::new(
            CHECKPOINT,
            format_args!("the checkpoint is of another run: {error}"),
        )
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        let failure = Self::new(CHECKPOINT, &error);
        match error {
            CheckpointError::Damaged { .. } | CheckpointError::Foreign { .. } => failure.hint_of(
                "without its folder `checkpoints`, trainer train --resume RUN begins at the first update",
            ),
            CheckpointError::None { .. } => failure.hint_of(
                "trainer train --resume RUN goes on with it; a checkpoint is made as checkpoint.every says",
            ),
            CheckpointError::Write { .. } => failure,
        }
    }
}

/// A path as a shell takes it, for whoever pastes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |letter: char| letter.is_alphanumeric() || "/._-".contains(letter);
    if path.chars().all(plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Exists { .. } => {
                Self::new(CONFIG, error).hint_of("another --name, or none for a numbered one")
            }
            RunError::InUse { .. } => {
                Self::new(CONFIG, error).hint_of("wait for it, or stop it; it lets go when it ends")
            }
            RunError::NoRun { .. } => Self::new(CHECKPOINT, error).hint_of(
                "a run is a directory that `trainer train` made and named when it was done",
            ),
            RunError::Content { .. } => Self::new(CHECKPOINT, error),
            RunError::Checkpoint(error) => error.into(),
            RunError::File { .. } => Self::new(INTERNAL, error),
        }
    }
}
