//! Ctrl-C and the signals that ask a process to end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use super::Failure;

/// The first signal raises a flag, so that a run saves its state; a second one ends the process at once.
#[derive(Debug)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on, for as long as the process lives, whose last act after a second signal is `leave`.
    pub(super) fn listen(leave: fn()) -> Result<Self, Failure> {
        let raised = Arc::new(AtomicBool::new(false));
        let listening = listen(Arc::clone(&raised), leave);
        listening.map_err(|error| Failure::internal(format!("signals: {error}")))?;
        Ok(Self(raised))
    }

    /// Does what the first signal does.
    pub(super) fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// What becomes true with the first signal.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.0
    }
}

/// On a thread of its own, which may do what a signal's handler may not.
#[cfg(unix)]
fn listen(raised: Arc<AtomicBool>, leave: fn()) -> io::Result<()> {
    use std::thread;

    use signal_hook::consts::SIGHUP;
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::exit;

    // Ctrl-C, `kill`, and a terminal that was closed.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || {
        for _ in signals.forever() {
            if raised.swap(true, Ordering::Relaxed) {
                leave();
                exit(i32::from(Failure::INTERRUPTED));
            }
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn listen(raised: Arc<AtomicBool>, _leave: fn()) -> io::Result<()> {
    use signal_hook::flag;

    for signal in [SIGINT, SIGTERM] {
        // In this order: the second signal finds the flag raised by the first.
        let code = i32::from(Failure::INTERRUPTED);
        flag::register_conditional_shutdown(signal, code, Arc::clone(&raised))?;
        flag::register(signal, Arc::clone(&raised))?;
    }
    Ok(())
}
