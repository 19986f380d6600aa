//! Ctrl-C and the signals that ask a process to end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Failure;

/// The first signal raises a flag, so that a run saves its state; a second one ends the process at once.
#[derive(Debug)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on, for as long as the process lives.
    pub(super) fn listen() -> Result<Self, Failure> {
        let raised = Arc::new(AtomicBool::new(false));
        let listen = |signal| -> io::Result<()> {
            // In this order: the second signal finds the flag raised by the first.
            let code = i32::from(Failure::INTERRUPTED);
            flag::register_conditional_shutdown(signal, code, Arc::clone(&raised))?;
            flag::register(signal, Arc::clone(&raised))?;
            Ok(())
        };
        for signal in SIGNALS {
            let refused = |error: io::Error| Failure::internal(format!("signals: {error}"));
            listen(*signal).map_err(refused)?;
        }
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

/// Ctrl-C, `kill`, and a terminal that was closed.
const SIGNALS: &[i32] = &[
    SIGINT,
    SIGTERM,
    #[cfg(unix)]
    signal_hook::consts::SIGHUP,
];
