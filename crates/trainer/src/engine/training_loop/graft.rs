//! The state of a run with other settings than those that it was made with.

use models::Model;

use super::Loop;
use crate::config::Change;
use crate::engine::checkpoint::Checkpoint;

/// Settings that say how long a run is: with others, changes of the length before are void.
const OF_LENGTH: [&str; 5] = [
    "train.length",
    "train.horizon",
    "train.accumulate",
    "data.batch_size",
    "data.drop_last",
];
/// Settings that say how high the learning rate is: with others, changes of its scale before are void.
const OF_RATE: [&str; 2] = ["optimizer.lr", "optimizer.kind"];

impl Loop<'_> {
    /// Goes on where `checkpoint` was made, with `model`, which has its weights, and with as much of its state as fits
    /// to settings that have `changed` since. Returns what begins anew.
    pub(in crate::engine) fn graft(
        &mut self,
        checkpoint: &Checkpoint,
        model: &Model,
        changed: &[Change],
    ) -> Vec<&'static str> {
        let has_changed = |keys: &[&str]| {
            let mut changed = changed.iter();
            changed.any(|change| keys.contains(&change.key.as_str()))
        };
        let mut anew = Vec::new();
        self.update = checkpoint.updates;
        let optimizer = self.optimizer.load_record(&checkpoint.optimizer, model);
        if optimizer.is_err() {
            anew.push("the optimizer's state");
        }
        if let Some(average) = &mut self.average {
            let record = checkpoint.average.as_ref();
            if record.is_none_or(|record| average.load_record(record, model).is_err()) {
                anew.push("the average of the weights");
            }
        }
        self.graft_schedule(checkpoint, has_changed(&OF_LENGTH), &mut anew);
        if !has_changed(&OF_RATE) {
            self.scale = checkpoint.scale;
        }
        anew
    }

    /// Takes over what was made of the schedule's length, if that is the same one, and its feedback, if that is.
    fn graft_schedule(
        &mut self,
        checkpoint: &Checkpoint,
        is_of_another_length: bool,
        anew: &mut Vec<&'static str>,
    ) {
        let saved = &checkpoint.schedule;
        let fresh = self.schedule.state();
        let mut state = fresh.clone();
        state.update = checkpoint.updates;
        state.feedback = saved.feedback.clone();
        if state.fingerprint == saved.fingerprint && !is_of_another_length {
            state.retimings = saved.retimings.clone();
        }
        if self.schedule.try_restore(state.clone()).is_err() {
            if !fresh.feedback.is_empty() {
                anew.push("the schedule's feedback");
            }
            state.feedback = fresh.feedback;
            // With its own feedback a schedule takes its own state; and without it, it still goes on from the same update.
            let _ = self.schedule.try_restore(state);
            self.schedule.seek(checkpoint.updates);
        }
        self.set_length();
    }
}
