//! `trainer train --fork`, and of a file with `[fork]`: a new run from a state that another one has kept.

use std::path::Path;

use crate::cli::TrainArguments;
use crate::config::{Change, ConfigError, ForkSettings, Layer, Settings, changes};
use crate::engine::{Checkpoint, Compute, Forked, Origin, Saved, Slot, fork};
use crate::report::{Console, RunDirectory, RunEvent};

use super::Failure;
use super::prepare::Prepared;
use super::resume::warn_if_inexact;

/// The run that a new one goes on from, and where. Nothing is ever written there.
pub(super) struct Parent {
    directory: RunDirectory,
    saved: Saved,
}

/// A new run that goes on from there.
pub(super) struct Fork<'a> {
    parent: &'a Parent,
    /// The settings that are others than the parent's.
    changed: Vec<Change>,
    forked: Forked,
}

impl Parent {
    /// What `--fork RUN` or `--fork RUN@UPDATE` names.
    pub(super) fn named(typed: &str) -> Result<Self, Failure> {
        // A directory may have such a name.
        let update = typed
            .rsplit_once('@')
            .filter(|_| !Path::new(typed).is_dir());
        let update = update.and_then(|(run, update)| Some((run, update.parse().ok()?)));
        let (run, update) = update.map_or((typed, None), |(run, update)| (run, Some(update)));
        Self::find(&ForkSettings {
            run: run.into(),
            update,
        })
    }

    /// The state that settings name.
    pub(super) fn find(fork: &ForkSettings) -> Result<Self, Failure> {
        let directory = RunDirectory::open(&fork.run)?;
        let mut kept = directory.shelf().kept(&directory.load_settings()?)?;
        let place = match fork.update {
            None => Some(0),
            Some(update) => kept
                .iter()
                .position(|saved| saved.checkpoint.updates == update),
        };
        let Some(place) = place else {
            let kept: Vec<u64> = kept.iter().map(|saved| saved.checkpoint.updates).collect();
            return Err(Failure::no_such_state(fork, &kept));
        };
        Ok(Self {
            directory,
            saved: kept.swap_remove(place),
        })
    }

    /// The sources of settings, lowest first: the parent's own, then the command line.
    pub(super) fn layers(&self, arguments: &TrainArguments) -> Result<Vec<Layer>, ConfigError> {
        let own = Layer::from_file(&self.directory.settings_path())?;
        let path = self.directory.path().display().to_string();
        let update = self.saved.checkpoint.updates as i64;
        let flags = [
            Layer::from_flag("--fork", "fork.run", path),
            Layer::from_flag("--fork", "fork.update", update),
        ];
        let above = arguments.settings.layers_without_rate()?;
        Ok([own]
            .into_iter()
            .chain(above)
            .chain([Layer::of(flags)])
            .collect())
    }

    /// The state that it goes on from, as the parent has it.
    pub(super) fn state(&self) -> &Checkpoint {
        &self.saved.checkpoint
    }

    /// The state that the run begins with which is prepared.
    pub(super) fn fork(&self, prepared: &Prepared, compute: &Compute) -> Result<Fork<'_>, Failure> {
        let settings = &prepared.resolved.settings;
        let changed = self.changes(settings)?;
        let (dataset, plan, state) = (&prepared.dataset, &prepared.plan, self.state());
        let forked = fork(settings, dataset, plan, compute, state, &changed);
        Ok(Fork {
            parent: self,
            changed,
            forked: forked.map_err(Failure::of_fork)?,
        })
    }

    /// What the new run has otherwise.
    fn changes(&self, settings: &Settings) -> Result<Vec<Change>, Failure> {
        let mut changed = changes(&self.directory.load_settings()?, &settings.table()?);
        changed.retain(|change| change.key != "fork" && !change.key.starts_with("fork."));
        Ok(changed)
    }
}

impl Fork<'_> {
    /// What of the parent it has, and what not.
    pub(super) fn echo(&self, compute: &Compute, console: Console) {
        let saved = &self.parent.saved;
        let (updates, path) = (saved.checkpoint.updates, saved.path.display());
        console.status("fork", format_args!("after {updates} updates, from {path}"));
        for change in &self.changed {
            console.status("changed", change);
        }
        for state in &self.forked.anew {
            console.warn(format_args!(
                "{state} does not fit these settings, and begins anew"
            ));
        }
        warn_if_inexact(saved, compute, console);
    }

    /// Begins the run in `directory`, with the parent's rows; its settings are still to be saved.
    pub(super) fn begin(
        &self,
        settings: &Settings,
        directory: &RunDirectory,
    ) -> Result<Saved, Failure> {
        let Parent {
            directory: parent,
            saved,
        } = self.parent;
        directory.begin_metrics_with(parent, saved.checkpoint.updates)?;
        let origin = Origin {
            settings: settings.table()?,
            circumstances: saved.origin.circumstances.clone(),
        };
        let shelf = directory.shelf();
        shelf.save(Slot::Last, &self.forked.checkpoint, &origin)?;
        Ok(shelf.load(Slot::Last, &origin.settings)?.newest)
    }

    /// What the run's events begin with.
    pub(super) fn event(&self) -> RunEvent {
        let anew = self.forked.anew.iter();
        RunEvent::Forked {
            run: self.parent.directory.path().display().to_string(),
            updates: self.parent.state().updates,
            changes: self.changed.iter().map(Change::to_string).collect(),
            anew: anew.map(|state| (*state).to_owned()).collect(),
        }
    }
}
