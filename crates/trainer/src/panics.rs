//! What the first panic of the process said.

use std::panic;
use std::sync::Mutex;

static FIRST: Mutex<Option<String>> = Mutex::new(None);

/// Keeps panics from being printed, and notes the first one: a panic on a driver's thread often causes another one on
/// ours, and the first is the one that tells.
pub fn note() {
    panic::set_hook(Box::new(|info| {
        if let Ok(mut first) = FIRST.lock() {
            first.get_or_insert_with(|| info.to_string().replace('\n', " "));
        }
    }));
}

/// What the first panic said and where it happened; nothing if there was none, or if this was asked before.
pub fn first() -> Option<String> {
    FIRST.lock().ok().and_then(|mut first| first.take())
}
