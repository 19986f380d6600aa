//! A folder in which something fails, and what a person sees of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::{TempDir, tempdir};

use crate::program::{text, through};

/// A row of the table, and what happens in it.
pub(super) type Row = (&'static str, fn(&mut Scene));

/// A short run in `runs/a`, which saves its last state after 10, 20, 30 and 34 updates, and a best one before the second
/// and the fourth of these.
pub(super) const RUN: &[&str] = &[
    "train",
    "--set=train.length=34",
    "--set=checkpoint.every=10",
    "--name=a",
];
pub(super) const RESUME: &[&str] = &["train", "--resume", "runs/a"];
/// When the last state is that of 20 updates.
pub(super) const LATE: &str = "save:4:kill";

/// A folder in which something fails, and what a person sees of it.
pub(super) struct Scene {
    folder: TempDir,
    seen: String,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self {
            folder: tempdir().unwrap(),
            seen: String::new(),
        }
    }

    pub(super) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    /// All that was shown.
    pub(super) fn shown(&self) -> &str {
        &self.seen
    }

    /// What `trainer` shows.
    pub(super) fn run(&mut self, arguments: &[&str]) {
        self.under(&[], arguments);
    }

    /// What it shows when that is started by another program, for which `label` stands.
    pub(super) fn under(&mut self, wrapper: &[&str], arguments: &[&str]) {
        let output = self.command(wrapper, arguments).output().unwrap();
        self.show("", arguments, &output);
    }

    /// What it shows when a fault is asked for.
    pub(super) fn with(&mut self, fault: &str, arguments: &[&str]) {
        let mut command = self.command(&[], arguments);
        let output = command.env("ANNEAL_FAULT", fault).output().unwrap();
        self.show(&format!("ANNEAL_FAULT={fault} "), arguments, &output);
    }

    /// What it shows when it gets these signals as soon as so many updates are recorded.
    pub(super) fn signalled(
        &mut self,
        fault: &str,
        arguments: &[&str],
        updates: usize,
        signals: &[&str],
    ) {
        let mut command = self.command(&[], arguments);
        let mut child = started(command.env("ANNEAL_FAULT", fault));
        self.wait_for(&mut child, updates);
        for name in signals {
            signal(&child, name);
        }
        let output = child.wait_with_output().unwrap();
        let fault = Some(fault).filter(|fault| !fault.is_empty());
        let fault = fault.map_or(String::new(), |fault| format!("ANNEAL_FAULT={fault} "));
        self.show(&fault, arguments, &output);
    }

    /// Starts it in the background.
    pub(super) fn begin(&self, arguments: &[&str]) -> Child {
        started(&mut self.command(&[], arguments))
    }

    /// What it has shown, when it has come to its end.
    pub(super) fn end(&mut self, arguments: &[&str], child: Child) {
        let output = child.wait_with_output().unwrap();
        self.show("", arguments, &output);
    }

    /// Waits until so many updates are recorded.
    pub(super) fn wait_for(&self, child: &mut Child, updates: usize) {
        let metrics = self.at("runs/a/metrics.csv");
        let rows = || fs::read_to_string(&metrics).map_or(0, |rows| rows.lines().count());
        wait_until(child, || rows() > updates);
    }

    /// Waits until there is such a file.
    pub(super) fn wait_for_file(&self, child: &mut Child, path: &str) {
        wait_until(child, || self.at(path).exists());
    }

    fn command(&self, wrapper: &[&str], arguments: &[&str]) -> Command {
        let mut command = through(wrapper, self.folder.path(), arguments);
        command.env("XDG_CACHE_HOME", self.at("cache"));
        command.env_remove("RUST_BACKTRACE");
        command
    }

    fn show(&mut self, before: &str, arguments: &[&str], output: &Output) {
        let mut shown = format!("$ {before}trainer {}\n", arguments.join(" "));
        for text in [text(&output.stdout), text(&output.stderr)] {
            for line in text.lines().filter(|line| !is_usual(line)) {
                shown.push_str(&without_numbers(line));
                shown.push('\n');
            }
        }
        match output.status.code() {
            Some(code) => shown.push_str(&format!("[exit {code}]\n")),
            None => shown.push_str("[killed]\n"),
        }
        let folder = self.folder.path().canonicalize().unwrap();
        self.seen
            .push_str(&shown.replace(&folder.display().to_string(), "FOLDER"));
    }
}

fn started(command: &mut Command) -> Child {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().unwrap()
}

/// Waits for what a process is about to do.
fn wait_until(child: &mut Child, is_done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_done() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        assert!(begun.elapsed() < Duration::from_secs(300), "nothing comes");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal, such as `-INT`.
pub(super) fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status();
    assert!(sent.unwrap().success());
}

/// Whether every run says such a line.
fn is_usual(line: &str) -> bool {
    let labels = [
        "model ",
        "optimizer ",
        "schedule ",
        "length ",
        "backend ",
        "epoch ",
        "verdict",
        // How to see where a panic came from.
        "note: ",
    ];
    labels.iter().any(|label| line.starts_with(label))
        || line.starts_with("data ") && line.contains(" training, ")
}

/// A result without accuracy and time, a device without its threads, and a panic without its line.
fn without_numbers(line: &str) -> String {
    let cut = |line: &str, from: &str, until: &str| {
        let (before, rest) = line.split_once(from)?;
        let (_, after) = rest.split_once(until)?;
        Some(format!("{before}{from}…{until}{after}"))
    };
    let places = [
        ("test accuracy ", " after"),
        (" updates in ", ";"),
        ("stopped after ", " updates"),
        ("it has made ", " updates"),
        ("CPU, ", " threads"),
        ("panicked at ", ": "),
    ];
    let line = places.iter().fold(line.to_owned(), |line, (from, until)| {
        cut(&line, from, until).unwrap_or(line)
    });
    line.replace("panicked at", "at")
}
