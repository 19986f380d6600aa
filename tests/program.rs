//! Starts the binary, and makes what it prints comparable.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// `trainer` with `arguments`, in `folder`, untouched by the settings of whoever runs the tests.
pub(crate) fn trainer(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "120");
    command
}

/// The same, started by another program.
pub(crate) fn through(wrapper: &[&str], folder: &Path, arguments: &[&str]) -> Command {
    let own = trainer(folder, arguments);
    let Some((program, before)) = wrapper.split_first() else {
        return own;
    };
    let mut command = Command::new(program);
    command
        .args(before)
        .arg(own.get_program())
        .args(own.get_args());
    command.current_dir(folder);
    for (name, value) in own.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
}

/// Starts a program so that permissions count for it, which they do not for root.
pub(crate) const HELD_TO_RIGHTS: &[&str] = &[
    "sh",
    "-c",
    "[ $(id -u) = 0 ] || exec \"$0\" \"$@\"; exec setpriv --bounding-set=-dac_override,-dac_read_search \"$0\" \"$@\"",
];

/// Runs `trainer`, which must succeed, and returns its stdout.
pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = trainer(folder, arguments).output().unwrap();
    assert!(
        output.status.success(),
        "trainer {arguments:?}: {}\n{}",
        output.status,
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// What a person sees of a command: its exit code and both streams, the folder's name left out.
pub(crate) fn transcript(folder: &Path, arguments: &[&str]) -> String {
    let output = trainer(folder, arguments).output().unwrap();
    let shown = render(arguments, &output);
    let folder = folder.canonicalize().unwrap();
    shown.replace(&folder.display().to_string(), "FOLDER")
}

fn render(arguments: &[&str], output: &Output) -> String {
    format!(
        "$ trainer {}\n{}{}[exit {}]\n",
        arguments.join(" "),
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap_or(-1),
    )
}

/// Where kernels that were compiled and tuned for these tests are kept; empty when the first one asks.
static KERNELS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernels");
    let _ = fs::remove_dir_all(&folder);
    folder
});

/// Lets `command` tune its kernels as little as it can, and find those that another test has tuned.
pub(crate) fn tune_little(command: &mut Command) -> &mut Command {
    command
        .env("CUBECL_AUTOTUNE_LEVEL", "minimal")
        .env("XDG_CACHE_HOME", KERNELS.as_path())
}

/// The right to use the GPU, which one test has at a time.
pub(crate) struct Gpu(#[allow(dead_code, reason = "it is held")] MutexGuard<'static, ()>);

impl Gpu {
    /// Waits for the GPU. It must be there in CI; elsewhere a test without one says that it is skipped.
    pub(crate) fn take() -> Option<Self> {
        static GPU: Mutex<()> = Mutex::new(());
        let listed = succeed(Path::new("."), &["devices", "--json"]);
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        if listed["adapters"].as_array().unwrap().is_empty() {
            let required = std::env::var_os("ANNEAL_REQUIRE_GPU").is_some();
            assert!(
                !required,
                "no GPU, not even a software one, and there must be one here"
            );
            eprintln!("skipped: no GPU");
            return None;
        }
        Some(Self(GPU.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Output as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A file of a run.
pub(crate) fn read(folder: &Path, path: &str) -> String {
    fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `summary.json` of a run.
pub(crate) fn summary(folder: &Path, run: &str) -> serde_json::Value {
    serde_json::from_str(&read(folder, &format!("{run}/summary.json"))).unwrap()
}

/// The columns of CSV by name, `None` where a cell is empty.
pub(crate) fn columns(text: &str) -> Vec<(String, Vec<Option<f64>>)> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let cells = |index: usize| {
        rows.iter()
            .map(|row| Some(&row[index]).filter(|cell| !cell.is_empty()))
            .map(|cell| cell.map(|cell| cell.parse().unwrap()))
            .collect()
    };
    headers
        .iter()
        .enumerate()
        .map(|(index, name)| (name.to_owned(), cells(index)))
        .collect()
}

/// A column of a run's `metrics.csv`, empty cells left out.
pub(crate) fn column(folder: &Path, run: &str, name: &str) -> Vec<f64> {
    columns(&read(folder, &format!("{run}/metrics.csv")))
        .into_iter()
        .find(|(header, _)| header == name)
        .unwrap_or_else(|| panic!("metrics.csv has no column {name}"))
        .1
        .into_iter()
        .flatten()
        .collect()
}

/// The folder that `variable` names, which is there in CI; elsewhere the test says that it is skipped.
pub(crate) fn reference_folder(variable: &str) -> Option<PathBuf> {
    match std::env::var_os(variable) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => {
            let required = std::env::var_os("ANNEAL_REQUIRE_REFERENCE").is_some();
            assert!(!required, "{variable} is not set, and must be here");
            eprintln!("skipped: {variable} is not set");
            None
        }
    }
}
