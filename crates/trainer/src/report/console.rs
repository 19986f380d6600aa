//! The two streams: results on stdout, everything else on stderr.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// Writes to the terminal. A reader that went away is no error of ours.
#[derive(Debug, Clone, Copy, Default)]
pub struct Console {
    /// Whether stdout carries JSON instead of sentences.
    pub json: bool,
}

const STRONG: Style = Style::new().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

impl Console {
    /// A result for a person; silent with `--json`.
    pub fn result(&self, text: impl Display) {
        if !self.json {
            let _ = writeln!(anstream::stdout(), "{text}");
        }
    }

    /// A result for a program; silent without `--json`.
    pub fn data(&self, data: &serde_json::Value) {
        if self.json {
            let _ = writeln!(anstream::stdout(), "{data:#}");
        }
    }

    /// A result in rows for a program.
    pub fn rows<E>(&self, write: impl FnOnce(&mut dyn Write) -> Result<(), E>) {
        let _ = write(&mut anstream::stdout().lock());
    }

    /// A line on what goes on.
    pub fn status(&self, label: &str, text: impl Display) {
        let _ = writeln!(anstream::stderr(), "{STRONG}{label:<11}{STRONG:#}{text}");
    }

    /// Something that a person should know and that stops nothing.
    pub fn warn(&self, text: impl Display) {
        let _ = writeln!(anstream::stderr(), "{WARNING}warning:{WARNING:#} {text}");
    }

    /// The error that ended the program, and what to do about it.
    pub fn error(&self, text: impl Display, hint: Option<&str>) {
        let mut stderr = anstream::stderr();
        let _ = writeln!(stderr, "{ERROR}error:{ERROR:#} {text}");
        if let Some(hint) = hint {
            let _ = writeln!(stderr, "{HINT}hint:{HINT:#} {hint}");
        }
    }
}

/// `0.8 s`, `12.3 s`, `4 min 10 s`, `2 h 05 min`.
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_a_person_says_them() {
        let text = |seconds| format_duration(Duration::from_secs_f64(seconds));
        assert_eq!(text(0.84), "0.8 s");
        assert_eq!(text(59.4), "59.4 s");
        assert_eq!(text(250.0), "4 min 10 s");
        assert_eq!(text(7500.0), "2 h 05 min");
    }
}
