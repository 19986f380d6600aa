//! What the headers of all pictures say together.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::listing::PictureFile;
use super::picture::{Facts, look};

/// What the headers of all pictures say together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Survey {
    /// The size (height, width) that all have, if they have one.
    pub(super) shared: Option<(u32, u32)>,
    /// Whether none is stored with colours.
    pub(super) grey: bool,
    /// The files whose header cannot be read, by their position, and why.
    pub(super) bad: Vec<(usize, String)>,
}

impl Survey {
    pub(super) fn of(files: &[PictureFile]) -> Self {
        let looks: Vec<_> = files.par_iter().map(|file| look(&file.path)).collect();
        Self::from_looks(looks)
    }

    fn from_looks(looks: Vec<Result<Facts, String>>) -> Self {
        let mut good = Vec::new();
        let mut bad = Vec::new();
        for (position, look) in looks.into_iter().enumerate() {
            match look {
                Ok(facts) => good.push(facts),
                Err(reason) => bad.push((position, reason)),
            }
        }
        let size = |facts: &Facts| (facts.height, facts.width);
        let first = good.first().map(size);
        Self {
            shared: first.filter(|first| good.iter().all(|facts| size(facts) == *first)),
            grey: !good.is_empty() && good.iter().all(|facts| facts.grey),
            bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_shared_by_all_that_can_be_read() {
        let facts = |height, width, grey| {
            Ok(Facts {
                height,
                width,
                grey,
            })
        };
        let bad = || Err("is empty".to_owned());
        let survey = Survey::from_looks;
        let alike = survey(vec![facts(2, 3, true), bad(), facts(2, 3, true)]);
        assert_eq!((alike.shared, alike.grey), (Some((2, 3)), true));
        assert_eq!(alike.bad, [(1, "is empty".to_owned())]);
        let turned = survey(vec![facts(2, 3, true), facts(3, 2, false)]);
        assert_eq!((turned.shared, turned.grey), (None, false));
        let none = survey(vec![bad()]);
        assert_eq!((none.shared, none.grey), (None, false));
    }
}
