//! `trainer adjust`

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::cli::AdjustArguments;
use crate::report::{Asked, Console, RunDirectory, RunEvent};

use super::Failure;

/// How often the run's answer is looked for.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) fn run(arguments: &AdjustArguments) -> Result<(), Failure> {
    let console = Console {
        json: arguments.json,
    };
    arguments.check()?;
    let directory = RunDirectory::open(&arguments.run)?;
    let inbox = directory.inbox();
    if !directory.is_in_use()? {
        return Err(Failure::not_running(directory.path()));
    }
    if inbox.is_full() {
        return Err(Failure::asked_already(directory.path()));
    }
    let asked = Asked::new(arguments.scale_lr, arguments.length);
    inbox.put(&asked)?;
    while inbox.is_full() {
        thread::sleep(PAUSE);
        if !directory.is_in_use()? {
            // What was answered before it ended is among its events.
            inbox.clear()?;
        }
    }
    let events = directory.load_events()?.into_iter().rev();
    let mut answers = events.filter_map(|line| answer(line.event, &asked.id));
    let updates = answers
        .next()
        .ok_or_else(|| Failure::not_answered(directory.path()))?
        .map_err(|reason| Failure::refused(directory.path(), &reason))?;
    let changed = match (arguments.scale_lr, arguments.length) {
        (Some(factor), _) => format!("{factor} times its learning rate"),
        (None, Some(length)) => format!("a length of {length}"),
        (None, None) => "nothing new".to_owned(),
    };
    let run = directory.path();
    console.result(format_args!(
        "{} has {changed} after {updates} updates",
        run.display()
    ));
    console.data(&json!({ "run": run, "updates": updates }));
    Ok(())
}

/// After how many updates the request was followed, or why it was not.
fn answer(event: RunEvent, id: &str) -> Option<Result<u64, String>> {
    match event {
        RunEvent::Adjusted {
            updates,
            request: Some(request),
            ..
        } if request == id => Some(Ok(updates)),
        RunEvent::Refused {
            reason,
            request: Some(request),
            ..
        } if request == id => Some(Err(reason)),
        _ => None,
    }
}
