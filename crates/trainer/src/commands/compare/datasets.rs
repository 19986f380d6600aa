//! The data of an experiment.

use std::collections::HashMap;

use super::Failure;
use crate::config::{Case, DataSettings, Source};
use crate::data::{self, Dataset};
use crate::report::Console;

/// Every set of data that an experiment needs, once.
pub(super) struct Datasets {
    loaded: HashMap<String, Dataset>,
}

impl Datasets {
    pub(super) fn load(cases: &mut [Case], console: Console) -> Result<Self, Failure> {
        let mut loaded = HashMap::new();
        for case in cases {
            let data = &mut case.resolved.settings.data;
            let key = Self::key(data);
            if !loaded.contains_key(&key) {
                let tell = &mut |text: &str| console.status("data", text);
                loaded.insert(key.clone(), data::load_telling(data, tell)?);
            }
            if let (Source::Images(folder), Some(dataset)) = (&mut data.source, loaded.get(&key)) {
                let shape = dataset.train.images().shape();
                folder.settle(shape.channels, shape.height, shape.width);
                let dataset = dataset.clone();
                loaded.insert(Self::key(data), dataset);
            }
        }
        Ok(Self { loaded })
    }

    /// What decides which rows there are.
    fn key(data: &DataSettings) -> String {
        let rows = DataSettings {
            batch_size: 1,
            drop_last: false,
            shuffle: false,
            ..data.clone()
        };
        format!("{rows:?}")
    }

    pub(super) fn of(&self, data: &DataSettings) -> Result<&Dataset, Failure> {
        let missing = || Failure::internal(format!("{} was not loaded", data.source.name()));
        self.loaded.get(&Self::key(data)).ok_or_else(missing)
    }
}
