//! The terminal, while a dashboard has all of it.

use std::io;
use std::mem;

use crossterm::cursor::Show;
use crossterm::event::DisableMouseCapture;
use crossterm::execute;
use crossterm::terminal::{LeaveAlternateScreen, disable_raw_mode, is_raw_mode_enabled};

/// Takes the terminal before the dashboard does, which then finds it taken and leaves its modes as they are: keys come one
/// by one, but Ctrl-C still sends its signal. Otherwise it would be a key, which the dashboard passes over.
///
/// # Errors
/// The terminal refuses; the dashboard has its own keys.
#[cfg(unix)]
pub(super) fn take() -> io::Result<()> {
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

    /// What no key sends.
    const NOTHING: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

    crossterm::terminal::enable_raw_mode()?;
    let terminal = io::stdin();
    let mut modes = tcgetattr(&terminal)?;
    modes.local_modes |= LocalModes::ISIG;
    // The other signals of keys would leave the terminal as the dashboard has it.
    for key in [SpecialCodeIndex::VQUIT, SpecialCodeIndex::VSUSP] {
        modes.special_codes[key] = NOTHING;
    }
    tcsetattr(&terminal, OptionalActions::Now, &modes)?;
    Ok(())
}

/// Elsewhere it cannot be told.
#[cfg(not(unix))]
pub(super) fn take() -> io::Result<()> {
    Ok(())
}

/// Gives the terminal back, if a dashboard has it, when the process ends at once.
pub(super) fn give_back() {
    if !is_raw_mode_enabled().unwrap_or(false) {
        return;
    }
    let mut screen = io::stdout().lock();
    let _ = disable_raw_mode();
    let _ = execute!(screen, DisableMouseCapture, LeaveAlternateScreen, Show);
    // Nobody draws any more.
    mem::forget(screen);
}
