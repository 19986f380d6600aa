//! Where the checkpoints of a run lie: at any moment at least one of them is whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files;
use super::{Checkpoint, CheckpointError, Origin, Saved};
use crate::config::{Change, changes};
use crate::{durable, fault};

/// The folder `checkpoints` of a run.
///
/// A new checkpoint is written beside, as `.new-last`, and gets its name when all of it is on the disk. The one before
/// is then `previous`, until the next one comes. Whoever is killed in between leaves a complete `.new-last` or
/// `previous`, which is found.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// Which checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The newest state.
    Last,
    /// The state with the best metric.
    Best,
    /// The state that a run which diverges goes back to.
    Good,
}

/// What is there to go on from.
#[derive(Debug)]
pub struct Found {
    /// The newest one that is whole.
    pub newest: Saved,
    /// Those that should be there, and are not whole or of another run.
    pub refused: Vec<CheckpointError>,
}

/// What is being removed.
const VOID: &str = ".void";

impl Slot {
    const ALL: [Self; 3] = [Self::Last, Self::Best, Self::Good];

    /// Its folder's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Best => "best",
            Self::Good => "good",
        }
    }

    /// The folder that a new one is written in.
    fn beside(self) -> &'static str {
        match self {
            Self::Last => ".new-last",
            Self::Best => ".new-best",
            Self::Good => ".new-good",
        }
    }

    /// The folder of the one before.
    fn before(self) -> &'static str {
        match self {
            Self::Last => "previous",
            Self::Best => ".old-best",
            Self::Good => ".old-good",
        }
    }
}

impl Shelf {
    /// The checkpoints in `folder`, which need not be there.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Saves `checkpoint` in the place of the one in `slot`.
    ///
    /// # Errors
    /// The file system refuses; what was there is still there, under this or another name.
    pub fn save(
        &self,
        slot: Slot,
        checkpoint: &Checkpoint,
        origin: &Origin,
    ) -> Result<(), CheckpointError> {
        let [path, new] = [slot.name(), slot.beside()].map(|name| self.folder.join(name));
        let refused = |source| CheckpointError::Write {
            path: path.clone(),
            source,
        };
        let written = fault::on_save()
            .and_then(|()| durable::remove_folder(&new))
            .and_then(|()| fs::create_dir_all(&new))
            .and_then(|()| files::write(&new, checkpoint, origin));
        if written.is_err() {
            // On a full disk this is what others need; and it is of no use to anybody.
            let _ = fs::remove_dir_all(&new);
        }
        written.map_err(refused)?;
        self.exchange(slot).map_err(refused)
    }

    /// Puts the checkpoint that was written beside in its place, and the one that was there behind it.
    fn exchange(&self, slot: Slot) -> io::Result<()> {
        let [path, new, old] =
            [slot.name(), slot.beside(), slot.before()].map(|name| self.folder.join(name));
        durable::remove_folder(&old)?;
        if path.exists() {
            durable::rename(&path, &old)?;
        }
        durable::rename(&new, &path)?;
        durable::sync_folder(&self.folder)?;
        match slot {
            Slot::Last => Ok(()),
            Slot::Best | Slot::Good => durable::remove_folder(&old),
        }
    }

    /// As [`newest`](Self::newest), for whoever trains: what a process left that was killed while it saved gets the name
    /// that it was meant for.
    ///
    /// # Errors
    /// As there, or the file system refuses.
    pub fn settle(&self, settings: &toml::Table) -> Result<Option<Found>, CheckpointError> {
        for slot in Slot::ALL {
            let path = self.folder.join(slot.name());
            let left = self.newest_of(&[slot], settings).ok().flatten();
            let left = left.map(|found| found.newest.path);
            let settled = match left {
                Some(left) if left == self.folder.join(slot.beside()) => self.exchange(slot),
                Some(left) if !path.exists() => durable::rename(&left, &path),
                _ => Ok(()),
            };
            settled.map_err(|source| CheckpointError::Write { path, source })?;
        }
        let found = self.newest(settings)?;
        if let Some(Found { newest, .. }) = &found
            && newest.path != self.folder.join(Slot::Last.name())
        {
            self.save(Slot::Last, &newest.checkpoint, &newest.origin)?;
        }
        if let Some(Found { newest, .. }) = &found {
            self.drop_void(&newest.checkpoint)?;
        }
        Ok(found)
    }

    /// Removes every state that came after one that the run has gone back to by the time of `newest`.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn drop_void(&self, newest: &Checkpoint) -> Result<(), CheckpointError> {
        for path in self.folders(&Slot::ALL) {
            if !files::read(&path).is_ok_and(|saved| saved.checkpoint.is_void(newest)) {
                continue;
            }
            // Under a name that nobody reads, so that no half of it is taken for a damaged one.
            let beside = self.folder.join(VOID);
            let removed = durable::remove_folder(&beside)
                .and_then(|()| durable::rename(&path, &beside))
                .and_then(|()| durable::remove_folder(&beside));
            removed.map_err(|source| CheckpointError::Write { path, source })?;
        }
        Ok(())
    }

    /// The folders of these slots that are there, those that a person would look for first.
    fn folders(&self, slots: &[Slot]) -> Vec<PathBuf> {
        let names = slots
            .iter()
            .flat_map(|slot| [slot.name(), slot.beside(), slot.before()]);
        let paths = names.map(|name| self.folder.join(name));
        paths.filter(|path| path.is_dir()).collect()
    }

    /// The newest checkpoint of the run with these settings; none where there never was one.
    ///
    /// # Errors
    /// Checkpoints, and none of them whole and of this run.
    pub fn newest(&self, settings: &toml::Table) -> Result<Option<Found>, CheckpointError> {
        self.newest_of(&Slot::ALL, settings)
    }

    /// The checkpoint in `slot` of the run with these settings.
    ///
    /// # Errors
    /// None there, or none that is whole and of this run.
    pub fn load(&self, slot: Slot, settings: &toml::Table) -> Result<Found, CheckpointError> {
        let found = self.newest_of(&[slot], settings)?;
        found.ok_or_else(|| CheckpointError::None {
            path: self.folder.join(slot.name()),
        })
    }

    /// Every state of the run with these settings that is whole and that no recovery took back, the newest first.
    ///
    /// # Errors
    /// There is none.
    pub fn kept(&self, settings: &toml::Table) -> Result<Vec<Saved>, CheckpointError> {
        let newest = self.newest(settings)?.map(|found| found.newest);
        let newest = newest.ok_or_else(|| CheckpointError::None {
            path: self.folder.clone(),
        })?;
        let folders = self.folders(&Slot::ALL).into_iter();
        let saved = folders.filter_map(|path| read_of(&path, settings).ok());
        let mut kept: Vec<Saved> = saved
            .filter(|saved| !saved.checkpoint.is_void(&newest.checkpoint))
            .collect();
        kept.sort_by_key(|saved| std::cmp::Reverse(saved.checkpoint.updates));
        kept.dedup_by_key(|saved| saved.checkpoint.updates);
        Ok(kept)
    }

    fn newest_of(
        &self,
        slots: &[Slot],
        settings: &toml::Table,
    ) -> Result<Option<Found>, CheckpointError> {
        let (mut newest, mut refused): (Option<Saved>, _) = (None, Vec::new());
        for path in self.folders(slots) {
            match read_of(&path, settings) {
                Ok(saved) => {
                    // What came before a recovery is older, whatever its updates; of equals the first, which is the one
                    // that a person would look for.
                    let age = |saved: &Saved| {
                        let Checkpoint {
                            recovered, updates, ..
                        } = &saved.checkpoint;
                        (recovered.len(), *updates)
                    };
                    if newest
                        .as_ref()
                        .is_none_or(|newest| age(newest) < age(&saved))
                    {
                        newest = Some(saved);
                    }
                }
                // One that was being written or removed is not missed.
                Err(CheckpointError::Damaged { .. }) if is_hidden(&path) => {}
                Err(error) => refused.push(error),
            }
        }
        match (newest, refused.is_empty()) {
            (Some(newest), _) => Ok(Some(Found { newest, refused })),
            (None, true) => Ok(None),
            (None, false) => Err(refused.swap_remove(0)),
        }
    }
}

/// Whether it has a name that only this program looks at.
fn is_hidden(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with('.'))
}

/// The checkpoint in `folder`, if it is one of the run with these settings.
fn read_of(folder: &Path, settings: &toml::Table) -> Result<Saved, CheckpointError> {
    let saved = files::read(folder)?;
    let other = changes(settings, &saved.origin.settings)
        .into_iter()
        .find(Change::is_of_the_past);
    match other {
        None => Ok(saved),
        Some(change) => Err(CheckpointError::Foreign {
            path: folder.to_owned(),
            change: change.to_string(),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::checkpoint::tests::{checkpoint, origin};

    fn shelf(folder: &Path) -> Shelf {
        Shelf::new(folder.join("checkpoints"))
    }

    fn save(shelf: &Shelf, slot: Slot, updates: u64) {
        shelf.save(slot, &checkpoint(updates), &origin(1)).unwrap();
    }

    fn newest(shelf: &Shelf) -> Option<(u64, usize)> {
        let found = shelf.newest(&origin(1).settings).unwrap();
        found.map(|found| (found.newest.checkpoint.updates, found.refused.len()))
    }

    #[test]
    fn what_is_saved_is_found_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        assert_eq!(newest(&shelf), None);
        save(&shelf, Slot::Last, 5);
        let found = shelf.load(Slot::Last, &origin(1).settings).unwrap();
        assert_eq!(found.newest.checkpoint, checkpoint(5));
        assert_eq!(found.newest.origin, origin(1));
        assert!(shelf.load(Slot::Best, &origin(1).settings).is_err());
    }

    #[test]
    fn the_newest_counts_wherever_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        save(&shelf, Slot::Last, 5);
        save(&shelf, Slot::Last, 7);
        assert_eq!(newest(&shelf), Some((7, 0)));
        save(&shelf, Slot::Best, 8);
        assert_eq!(newest(&shelf), Some((8, 0)));
        let at = |name: &str| folder.path().join("checkpoints").join(name);
        // Killed between the two renames.
        save(&shelf, Slot::Last, 9);
        fs::rename(at("last"), at(".new-last")).unwrap();
        assert_eq!(newest(&shelf), Some((9, 0)));
        assert_eq!(
            shelf
                .load(Slot::Best, &origin(1).settings)
                .unwrap()
                .newest
                .checkpoint
                .updates,
            8
        );
    }

    #[test]
    fn what_a_killed_process_left_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        let at = |name: &str| folder.path().join("checkpoints").join(name);
        let settled = || {
            shelf.settle(&origin(1).settings).unwrap();
            [Slot::Last, Slot::Best].map(|slot| {
                let path = at(slot.name());
                let found = read_of(&path, &origin(1).settings);
                found.ok().map(|saved| saved.checkpoint.updates)
            })
        };
        assert_eq!(settled(), [None, None]);
        save(&shelf, Slot::Last, 5);
        save(&shelf, Slot::Best, 4);
        assert_eq!(settled(), [Some(5), Some(4)]);
        // Between two renames.
        fs::rename(at("last"), at("previous")).unwrap();
        fs::rename(at("best"), at(".old-best")).unwrap();
        assert_eq!(settled(), [Some(5), Some(4)]);
        save(&shelf, Slot::Last, 6);
        fs::rename(at("last"), at(".new-last")).unwrap();
        assert_eq!(settled(), [Some(6), Some(4)]);
        // Killed after the best one was saved, and before the last one was.
        save(&shelf, Slot::Best, 9);
        assert_eq!(settled(), [Some(9), Some(9)]);
        // Nothing of what is not whole is taken for anything.
        fs::create_dir(at(".new-last")).unwrap();
        fs::write(at("last/manifest.json"), "{").unwrap();
        fs::remove_dir_all(at("best")).unwrap();
        assert_eq!(settled(), [Some(6), None]);
    }

    #[test]
    fn what_a_recovery_took_back_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        let state = |updates, recovered: &[u64]| Checkpoint {
            recovered: recovered.to_vec(),
            ..checkpoint(updates)
        };
        let save = |slot, state: &Checkpoint| shelf.save(slot, state, &origin(1)).unwrap();
        let left = || {
            let path = folder.path().join("checkpoints");
            ["last", "previous", "best", "good", ".void"].map(|name| path.join(name).is_dir())
        };
        save(Slot::Last, &state(9, &[]));
        save(Slot::Best, &state(8, &[]));
        save(Slot::Good, &state(6, &[]));
        // Back to the state after 6 updates, and from there later to the one after 7.
        let newest = state(7, &[6, 7]);
        save(Slot::Last, &newest);
        assert_eq!(left(), [true, true, true, true, false]);
        shelf.drop_void(&newest).unwrap();
        assert_eq!(left(), [true, false, false, true, false]);
        save(Slot::Best, &state(7, &[6]));
        shelf.drop_void(&newest).unwrap();
        assert_eq!(left(), [true, false, true, true, false]);
    }

    #[test]
    fn a_torn_one_is_named_and_the_one_before_it_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        save(&shelf, Slot::Last, 5);
        save(&shelf, Slot::Last, 7);
        let last = folder.path().join("checkpoints/last");
        let state = last.join("state.safetensors");
        let bytes = fs::read(&state).unwrap();
        fs::write(&state, &bytes[..bytes.len() - 1]).unwrap();
        let found = shelf.newest(&origin(1).settings).unwrap().unwrap();
        assert_eq!(found.newest.checkpoint.updates, 5);
        let named = found.refused[0].to_string();
        assert!(named.contains("last: state.safetensors has"), "{named}");
        fs::remove_dir_all(folder.path().join("checkpoints/previous")).unwrap();
        let refused = shelf.newest(&origin(1).settings).unwrap_err();
        assert!(
            matches!(refused, CheckpointError::Damaged { .. }),
            "{refused}"
        );
    }

    #[test]
    fn one_of_another_run_is_named_and_the_one_before_it_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        save(&shelf, Slot::Last, 5);
        shelf.save(Slot::Last, &checkpoint(7), &origin(2)).unwrap();
        let found = shelf.newest(&origin(1).settings).unwrap().unwrap();
        assert_eq!(found.newest.checkpoint.updates, 5);
        let named = found.refused[0].to_string();
        assert!(
            named.ends_with("is of another run: seed = 2, was 1"),
            "{named}"
        );
    }
}
