//! Files that have become as large as the system allows (`ulimit -f`).

/// Lets a write to such a file fail as it does on a full disk. Otherwise the system ends the process without a word.
pub fn survive() {
    #[cfg(unix)]
    {
        use std::sync::Arc;
        use std::sync::atomic::AtomicBool;

        // What counts is that the signal does something else than end the process.
        let noticed = Arc::new(AtomicBool::new(false));
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noticed);
    }
}
