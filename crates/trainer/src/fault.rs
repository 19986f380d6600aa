//! Faults on purpose: what a healthy machine never does, at the moment that a test asks for.
//!
//! `ANNEAL_FAULT=file:7:full` in the environment of a process makes its seventh step on a file or folder (counted from
//! 1: each write, sync, rename, removal) fail as on a full disk. It is compiled always, so that what is tested is what
//! is shipped: without the variable it costs one look at a constant for each such step, which itself takes a thousand
//! times longer. Nobody but the process's own user can set it, and he could as well end the process.
//!
//! | place | counted are | fault | what happens |
//! | --- | --- | --- | --- |
//! | `file` | steps on files and folders | `error` | the step fails, and nothing of it was done |
//! | | | `full` | half is written, then there is no space left |
//! | | | `short` | half is written, then writing fails |
//! | | | `kill` | half is written, then the process is gone, and nothing of it cleans up |
//! | `save` | states that are saved | `full` | there is no space left |
//! | | | `kill` | the process is gone |
//! | | | `hang` | nothing, for as long as anybody would wait |
//! | `read` | updates whose losses are read back from the device | `lost` | a panic, as with a device that was lost |
//! | | | `memory` | a panic, as with a device out of memory |
//! | | | `bug` | a panic, as with a fault in the program |
//! | `clock` | looks at the time of day | `back` | this one and all later ones are a day earlier |
//!
//! How many steps on files there are depends on the machine's speed, since somebody who watches is told something at
//! least five times a second. The other places are the same every time.

use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// The variable that asks for a fault.
const VARIABLE: &str = "ANNEAL_FAULT";

/// Where a fault can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A step on a file or a folder.
    File,
    /// Saving a state.
    Save,
    /// Reading losses back from the device.
    Read,
    /// Looking at the time of day.
    Clock,
}

/// What happens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Full,
    Short,
    Kill,
    Hang,
    Lost,
    Memory,
    Bug,
    Back,
}

#[derive(Debug, PartialEq, Eq)]
struct Asked {
    place: Place,
    step: u64,
    kind: Kind,
}

static ASKED: LazyLock<Option<Asked>> = LazyLock::new(|| {
    let text = std::env::var(VARIABLE).ok()?;
    parse(&text)
});

static STEPS: AtomicU64 = AtomicU64::new(0);

fn parse(text: &str) -> Option<Asked> {
    let mut parts = text.split(':');
    let place = match parts.next()? {
        "file" => Place::File,
        "save" => Place::Save,
        "read" => Place::Read,
        "clock" => Place::Clock,
        _ => return None,
    };
    let step = parts.next()?.parse().ok()?;
    let kind = match (place, parts.next()?) {
        (Place::File, "error") => Kind::Error,
        (Place::File, "full") => Kind::Full,
        (Place::File, "short") => Kind::Short,
        (Place::File, "kill") => Kind::Kill,
        (Place::Save, "full") => Kind::Full,
        (Place::Save, "kill") => Kind::Kill,
        (Place::Save, "hang") => Kind::Hang,
        (Place::Clock, "back") => Kind::Back,
        (Place::Read, "lost") => Kind::Lost,
        (Place::Read, "memory") => Kind::Memory,
        (Place::Read, "bug") => Kind::Bug,
        _ => return None,
    };
    Some(Asked { place, step, kind })
}

/// The fault that is asked for at one of the next so many steps in `place`, which are counted.
fn due(place: Place, steps: u64) -> Option<Kind> {
    let asked = ASKED.as_ref().filter(|asked| asked.place == place)?;
    let before = STEPS.fetch_add(steps, Ordering::Relaxed);
    (before + 1..=before + steps)
        .contains(&asked.step)
        .then_some(asked.kind)
}

/// Counts a step on a file or folder that `half` does by half and nothing else needs to undo.
///
/// # Errors
/// The one that was asked for.
pub(crate) fn on_file(half: impl FnOnce()) -> io::Result<()> {
    let Some(kind) = due(Place::File, 1) else {
        return Ok(());
    };
    if kind != Kind::Error {
        half();
    }
    match kind {
        Kind::Kill => std::process::abort(),
        Kind::Full => Err(io::ErrorKind::StorageFull.into()),
        Kind::Short => Err(io::ErrorKind::WriteZero.into()),
        _ => Err(io::Error::other("a fault on purpose")),
    }
}

/// Counts a state that is saved.
///
/// # Errors
/// The one that was asked for.
pub(crate) fn on_save() -> io::Result<()> {
    match due(Place::Save, 1) {
        Some(Kind::Kill) => std::process::abort(),
        Some(Kind::Hang) => thread::sleep(Duration::from_secs(600)),
        Some(_) => return Err(io::ErrorKind::StorageFull.into()),
        None => {}
    }
    Ok(())
}

/// Counts a look at the time of day, and says by how many seconds it is wrong.
pub(crate) fn on_clock() -> f64 {
    const DAY: f64 = 86_400.0;

    static BACK: AtomicBool = AtomicBool::new(false);

    if due(Place::Clock, 1).is_some() {
        BACK.store(true, Ordering::Relaxed);
    }
    if BACK.load(Ordering::Relaxed) {
        -DAY
    } else {
        0.0
    }
}

/// Counts updates whose losses are read.
///
/// # Panics
/// If a fault was asked for here: this is how devices fail.
#[allow(clippy::panic, reason = "the faults of a device are panics")]
pub(crate) fn on_read(updates: u64) {
    match due(Place::Read, updates) {
        Some(Kind::Memory) => panic!("a fault on purpose: out of memory"),
        Some(Kind::Bug) => panic!("a fault on purpose: in the program"),
        Some(_) => panic!("a fault on purpose: the device was lost"),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_a_place_a_step_and_a_kind() {
        let asked = |place, step, kind| Some(Asked { place, step, kind });
        assert_eq!(parse("file:7:full"), asked(Place::File, 7, Kind::Full));
        assert_eq!(parse("read:1:lost"), asked(Place::Read, 1, Kind::Lost));
        for text in [
            "",
            "file",
            "file:7",
            "file:x:full",
            "file:7:lost",
            "disk:7:full",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
