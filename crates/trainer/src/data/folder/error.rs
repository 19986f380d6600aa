//! What can be wrong with a folder of pictures.

use std::fmt;
use std::path::PathBuf;

/// A picture that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it; completes the sentence "the file …".
    pub reason: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name may hold what moves a cursor or changes a colour.
        let path = self.path.display().to_string();
        let path = path.replace(char::is_control, "?");
        write!(formatter, "`{path}` {}", self.reason)
    }
}

/// A folder that is no set of pictures to learn from, in a sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file where the folder is needed.
    #[error("`{}` is a file; pictures are read from a folder that holds a folder for each class", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// A folder without folders.
    #[error(
        "`{}` holds no folder of a class{}", folder.display(),
        if *pictures > 0 { format!("; pictures that lie in it directly: {pictures}") } else { String::new() }
    )]
    NoClass {
        /// The folder.
        folder: PathBuf,
        /// How many pictures lie in it directly.
        pictures: usize,
    },
    /// Nothing to tell apart.
    #[error("`{}` holds a single class, `{class}`; there must be at least two", folder.display())]
    OneClass {
        /// The folder.
        folder: PathBuf,
        /// The class.
        class: String,
    },
    /// More classes than a label counts.
    #[error("`{}` holds {classes} classes; allowed are up to 65,535", folder.display())]
    ManyClasses {
        /// The folder.
        folder: PathBuf,
        /// How many folders it holds.
        classes: usize,
    },
    /// Classes to learn from without a picture that can be read.
    #[error(
        "`{}` holds no picture to train on in the folder{} of {}", folder.display(),
        if classes.len() == 1 { "" } else { "s" }, listed(classes)
    )]
    EmptyClass {
        /// The folder of the classes.
        folder: PathBuf,
        /// The classes.
        classes: Vec<String>,
    },
    /// A class that testing or validation has and training has not.
    #[error("`{}` is a class that the training pictures do not have", path.display())]
    UnknownClass {
        /// The class's folder.
        path: PathBuf,
    },
    /// A `test` or `val` folder, and no `train`.
    #[error("`{}` holds `{found}` and no `train`", folder.display())]
    NoTrain {
        /// The folder.
        folder: PathBuf,
        /// What it holds.
        found: String,
    },
    /// Two folders for one thing.
    #[error("`{}` holds both `{first}` and `{second}`, which mean the same", folder.display())]
    Twice {
        /// The folder.
        folder: PathBuf,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A name that is no text, which neither settings nor results could repeat.
    #[error("the folder `{}` has a name that is not UTF-8", path.display())]
    NotText {
        /// The folder.
        path: PathBuf,
    },
    /// Pictures that cannot be read.
    #[error("{} of {total} pictures cannot be used:{}", bad.len(), lines(bad))]
    BadFiles {
        /// All of them.
        bad: Vec<BadFile>,
        /// How many pictures there are.
        total: usize,
    },
    /// More than fits into memory.
    #[error(
        "{pictures} pictures of {shape} take {bytes} bytes; they lie in memory, where at most {most} are allowed"
    )]
    TooLarge {
        /// How many.
        pictures: usize,
        /// Their shape.
        shape: String,
        /// What they take.
        bytes: u128,
        /// What they may take.
        most: u64,
    },
    /// A share for testing that leaves no picture on one side.
    #[error(
        "data.test = {share}: such a share of {pictures} pictures leaves none to test on, or none to train on"
    )]
    TestShare {
        /// The share asked for.
        share: f64,
        /// How many pictures there are.
        pictures: usize,
    },
}

/// The most files or classes that a message names.
const NAMED: usize = 10;

fn lines(bad: &[BadFile]) -> String {
    let mut text: String = bad
        .iter()
        .take(NAMED)
        .map(|file| format!("\n  {file}"))
        .collect();
    if bad.len() > NAMED {
        text.push_str(&format!("\n  and {} more", bad.len() - NAMED));
    }
    text
}

fn listed(classes: &[String]) -> String {
    let named = classes.iter().take(NAMED);
    let mut text = named
        .map(|class| format!("`{class}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if classes.len() > NAMED {
        text.push_str(&format!(" and {} more", classes.len() - NAMED));
    }
    text
}

const LAYOUT: &str = "pictures lie as FOLDER/CLASS/NAME.png (jpg, jpeg, webp), \
                      or as FOLDER/train/CLASS/…, FOLDER/val/CLASS/… and FOLDER/test/CLASS/…";

impl FolderError {
    /// What may help.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotAFolder { .. } => {
                "give the folder; an archive (zip, tar) has to be unpacked first"
            }
            Self::NoClass { .. } | Self::NoTrain { .. } => LAYOUT,
            Self::OneClass { .. } | Self::ManyClasses { .. } => {
                "give the folder that the classes' folders lie in directly"
            }
            Self::EmptyClass { .. } => {
                "remove the folder, or put pictures into it (png, jpg, jpeg, webp)"
            }
            Self::UnknownClass { .. } => "remove the folder, or give train/ one of the same name",
            Self::Twice { .. } => "rename or remove one of them",
            Self::NotText { .. } => "rename it",
            Self::BadFiles { .. } => {
                "repair or remove them, or leave them out: --set data.skip_bad=true"
            }
            Self::TooLarge { .. } => "smaller pictures: --set data.size=32",
            Self::TestShare { .. } => "a share such as --set data.test=20%, or a folder `test`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_ten_files_are_named() {
        let bad = |count: usize| FolderError::BadFiles {
            bad: (0..count)
                .map(|number| BadFile {
                    path: format!("{number}.png").into(),
                    reason: "is empty".to_owned(),
                })
                .collect(),
            total: 50,
        };
        let two = "2 of 50 pictures cannot be used:\n  `0.png` is empty\n  `1.png` is empty";
        assert_eq!(bad(2).to_string(), two);
        assert_eq!(bad(10).to_string().lines().count(), 11);
        let many = bad(13).to_string();
        assert!(many.ends_with("`9.png` is empty\n  and 3 more"), "{many}");
    }
}
