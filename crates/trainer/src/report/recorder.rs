//! Keeps the files of a run while it goes on.

use super::{EventFile, EventLog, MetricsFile, RunDirectory, RunError, RunEvent};
use crate::engine::{Diverged, Event, History, Origin, Saved, Shelf, Slot};

/// Writes what a run tells to its directory, so that whoever is killed can go on.
#[derive(Debug)]
pub struct Recorder {
    metrics: MetricsFile,
    events: EventLog,
    event_file: Option<EventFile>,
    shelf: Shelf,
    origin: Origin,
    updates: u64,
    /// After which update `metrics.csv` ends as soon as the state is kept that the run went back to.
    cut: Option<u64>,
}

impl Recorder {
    /// For a run that begins in `directory`, or goes on after `from`; one that `is_new` has no events yet.
    ///
    /// # Errors
    /// The file system refuses, or `metrics.csv` has not the rows that it had.
    pub fn new(
        directory: &RunDirectory,
        origin: Origin,
        from: Option<&Saved>,
        is_new: bool,
    ) -> Result<Self, RunError> {
        let updates = from.map_or(0, |saved| saved.checkpoint.updates);
        Ok(Self {
            metrics: match from {
                None => directory.begin_metrics()?,
                Some(_) => directory.continue_metrics(updates)?,
            },
            events: directory.event_log(is_new)?,
            event_file: None,
            shelf: directory.shelf(),
            origin,
            updates,
            cut: None,
        })
    }

    /// Writes the curves for TensorBoard, too, from here on.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write_event_file(&mut self, directory: &RunDirectory) -> Result<(), RunError> {
        self.event_file = Some(directory.begin_event_file(self.updates)?);
        Ok(())
    }

    /// Notes something that the engine does not tell.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn note(&mut self, event: RunEvent) -> Result<(), RunError> {
        self.events.append(event)
    }

    /// Takes in one event.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn tell(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        match event {
            Event::FirstUpdate => Ok(()),
            Event::Updates(updates) => {
                self.metrics.append(updates)?;
                if let Some(file) = &mut self.event_file {
                    file.append(updates)?;
                }
                let Some(last) = updates.last() else {
                    return Ok(());
                };
                self.updates = last.update + 1;
                last.validation.map_or(Ok(()), |validation| {
                    self.note(RunEvent::Evaluated {
                        update: last.update,
                        train_loss: last.train_loss,
                        validation_loss: validation.loss,
                        validation_accuracy: validation.accuracy,
                    })
                })
            }
            Event::Feedback { kind, reaction } => self.note(RunEvent::Feedback {
                updates: self.updates,
                kind: (*kind).to_owned(),
                change: reaction.to_string(),
            }),
            Event::Recovered {
                diverged,
                updates,
                scale,
            } => {
                self.diverged(diverged)?;
                // Not yet the rows: a run that is killed now goes on from a state that takes them for granted.
                self.cut = Some(*updates);
                self.updates = *updates;
                if let Some(file) = &mut self.event_file {
                    file.go_on_after(*updates)?;
                }
                self.note(RunEvent::Recovered {
                    updates: *updates,
                    scale: *scale,
                })
            }
            Event::Adjusted { again: true, .. } => Ok(()),
            Event::Adjusted {
                adjusted, request, ..
            } => {
                self.note(RunEvent::Adjusted {
                    number: adjusted.number,
                    updates: adjusted.updates,
                    change: adjusted.adjustment,
                    request: request.map(str::to_owned),
                })?;
                // Before any update is made with it.
                self.events.sync()
            }
            Event::Refused {
                request,
                updates,
                reason,
            } => self.note(RunEvent::Refused {
                updates: *updates,
                reason: reason.clone(),
                request: request.map(str::to_owned),
            }),
            Event::EndsEarly { updates } => self.note(RunEvent::EndsEarly { updates: *updates }),
            Event::Checkpoint { slot, checkpoint } => {
                // A checkpoint takes the rows up to it for granted.
                self.metrics.sync()?;
                self.shelf.save(*slot, checkpoint, &self.origin)?;
                if *slot == Slot::Last
                    && let Some(updates) = self.cut.take()
                {
                    self.metrics.cut(updates)?;
                    self.shelf.drop_void(checkpoint)?;
                }
                self.note(RunEvent::Saved {
                    updates: checkpoint.updates,
                    slot: slot.name().to_owned(),
                })
            }
        }
    }

    /// Notes that the run diverged.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn diverged(&mut self, diverged: &Diverged) -> Result<(), RunError> {
        self.note(RunEvent::Diverged {
            trouble: diverged.trouble.name().to_owned(),
            update: diverged.update,
            learning_rate: diverged.learning_rate,
            loss: diverged.loss.to_string(),
        })
    }

    /// Notes that the run reached its end.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn finished(&mut self, history: &History) -> Result<(), RunError> {
        self.note(RunEvent::Finished {
            updates: history.updates,
            test_loss: history.test.loss,
            test_accuracy: history.test.accuracy,
        })
    }
}
