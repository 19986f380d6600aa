//! Which files a folder of pictures has, which class each shows, and what each is for.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::FolderError;
use crate::data::DataError;

/// What a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Training; in a folder of classes, everything.
    Train,
    /// Validation.
    Validation,
    /// Testing.
    Test,
}

/// A file that should hold a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PictureFile {
    pub(super) path: PathBuf,
    pub(super) class: u16,
    pub(super) role: Role,
    /// Its length in bytes, and when it was written, in nanoseconds since 1970. 0 where the system does not say.
    pub(super) length: u64,
    pub(super) written: u128,
}

/// The files of a folder, by role, class and name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// The folder of the training classes.
    pub(super) train: PathBuf,
    /// The names of the classes, sorted.
    pub(super) classes: Vec<String>,
    pub(super) files: Vec<PictureFile>,
    /// How many other files were met.
    pub(super) others: usize,
}

const EXTENSIONS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];
/// How deep a class's folder is searched.
const DEPTH: usize = 16;

/// Lists `root/CLASS/…` or `root/{train,val,test}/CLASS/…`.
///
/// The second form is meant if `root/train` holds folders. A class's pictures may lie in folders of their own. Hidden
/// files and those of other kinds are counted and left out.
pub(super) fn list(root: &Path) -> Result<Listing, DataError> {
    let metadata = fs::metadata(root).map_err(|error| unreadable(root, error))?;
    if !metadata.is_dir() {
        let path = root.to_owned();
        return Err(FolderError::NotAFolder { path }.into());
    }
    if root.to_str().is_none() {
        let path = root.to_owned();
        return Err(FolderError::NotText { path }.into());
    }
    let roots = roles(root)?;
    let mut others = 0;
    let train = roots[0].1.clone();
    let classes = classes(&train, &mut others)?;
    let mut files = Vec::new();
    for (role, folder) in roots {
        let found = match role {
            Role::Train => classes.clone(),
            _ => folders(&folder, &mut others)?,
        };
        for name in found {
            let path = folder.join(&name);
            let Ok(class) = classes.binary_search(&name) else {
                return Err(FolderError::UnknownClass { path }.into());
            };
            let mut walk = Walk {
                class: class as u16,
                role,
                files: &mut files,
                others: &mut others,
                above: Vec::new(),
            };
            walk.folder(&path)?;
        }
    }
    Ok(Listing {
        train,
        classes,
        files,
        others,
    })
}

/// Whether a name says that the file holds a picture.
fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        EXTENSIONS
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// The pictures in a folder and below it, by name.
pub(crate) fn pictures_below(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let (mut files, mut others) = (Vec::new(), 0);
    let mut walk = Walk {
        class: 0,
        role: Role::Test,
        files: &mut files,
        others: &mut others,
        above: Vec::new(),
    };
    walk.folder(folder)?;
    Ok(files.into_iter().map(|file| file.path).collect())
}

/// Which folders hold the classes: one for training alone, or one for each role that is there, training first.
fn roles(root: &Path) -> Result<Vec<(Role, PathBuf)>, DataError> {
    let names = folders(root, &mut 0)?;
    let find = |known: &[&str]| {
        let mut found = names
            .iter()
            .filter(|name| known.iter().any(|known| name.eq_ignore_ascii_case(known)));
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Err(FolderError::Twice {
                folder: root.to_owned(),
                first: first.clone(),
                second: second.clone(),
            }),
            (found, _) => Ok(found.map(|name| root.join(name))),
        }
    };
    let holds_folders =
        |folder: &PathBuf| folders(folder, &mut 0).is_ok_and(|names| !names.is_empty());
    let train = find(&["train"])?.filter(holds_folders);
    let validation = find(&["val", "valid", "validation"])?.filter(holds_folders);
    let test = find(&["test"])?.filter(holds_folders);
    let Some(train) = train else {
        return match validation.or(test) {
            // Classes of these names hold pictures and no folders.
            Some(found) => Err(FolderError::NoTrain {
                folder: root.to_owned(),
                found: found
                    .file_name()
                    .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            }
            .into()),
            None => Ok(vec![(Role::Train, root.to_owned())]),
        };
    };
    let mut roles = vec![(Role::Train, train)];
    roles.extend(validation.map(|folder| (Role::Validation, folder)));
    roles.extend(test.map(|folder| (Role::Test, folder)));
    Ok(roles)
}

/// The classes of the training folder, sorted.
fn classes(folder: &Path, others: &mut usize) -> Result<Vec<String>, DataError> {
    let mut files = 0;
    let mut classes = folders(folder, &mut files)?;
    *others += files;
    let folder = folder.to_owned();
    match classes.len() {
        0 => {
            let pictures = entries(&folder)?;
            let pictures = pictures.iter().filter(|path| is_picture(path)).count();
            Err(FolderError::NoClass { folder, pictures }.into())
        }
        1 => Err(FolderError::OneClass {
            folder,
            class: classes.remove(0),
        }
        .into()),
        2..=65_535 => Ok(classes),
        classes => Err(FolderError::ManyClasses { folder, classes }.into()),
    }
}

/// The names of the folders in `folder`, sorted by their characters' numbers; `others` counts the files beside them.
fn folders(folder: &Path, others: &mut usize) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    for path in entries(folder)? {
        if is_hidden(&path) || !path.is_dir() {
            *others += 1;
            continue;
        }
        match path.file_name().and_then(|name| name.to_str()) {
            Some(name) => names.push(name.to_owned()),
            None => return Err(FolderError::NotText { path }.into()),
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// What lies in a folder, sorted by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = read().map_err(|error| unreadable(folder, error))?;
    paths.sort_unstable();
    Ok(paths)
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

fn unreadable(path: &Path, source: std::io::Error) -> DataError {
    DataError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Collects the pictures of one class.
struct Walk<'a> {
    class: u16,
    role: Role,
    files: &'a mut Vec<PictureFile>,
    others: &'a mut usize,
    /// The folders above, links followed: a link back to one of them leads nowhere new.
    above: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) -> Result<(), DataError> {
        let real = fs::canonicalize(folder).map_err(|error| unreadable(folder, error))?;
        if self.above.contains(&real) || self.above.len() == DEPTH {
            return Ok(());
        }
        self.above.push(real);
        for path in entries(folder)? {
            let metadata = fs::metadata(&path).ok();
            if is_hidden(&path) {
                *self.others += 1;
            } else if metadata.as_ref().is_some_and(fs::Metadata::is_dir) {
                self.folder(&path)?;
            } else if is_picture(&path) {
                let written = metadata
                    .as_ref()
                    .and_then(|metadata| metadata.modified().ok());
                let written = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                self.files.push(PictureFile {
                    path,
                    class: self.class,
                    role: self.role,
                    length: metadata.map_or(0, |metadata| metadata.len()),
                    written: written.map_or(0, |since| since.as_nanos()),
                });
            } else {
                *self.others += 1;
            }
        }
        self.above.pop();
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use tempfile::{TempDir, tempdir};

    use super::*;

    /// A folder of empty files, their folders made as needed; a name that ends in `/` is a folder.
    fn folder(names: &[&str]) -> TempDir {
        let root = tempdir().unwrap();
        for name in names {
            let path = root.path().join(name);
            if name.ends_with('/') {
                fs::create_dir_all(path).unwrap();
                continue;
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        root
    }

    /// "role class path" of every file.
    fn files(root: &TempDir, listing: &Listing) -> Vec<String> {
        let files = listing.files.iter().map(|file| {
            let path = file.path.strip_prefix(root.path()).unwrap();
            let path = path.to_str().unwrap().replace('\\', "/");
            format!("{:?} {} {path}", file.role, file.class)
        });
        files.collect()
    }

    #[test]
    fn classes_are_the_sorted_folders_and_other_files_are_counted() {
        let root = folder(&[
            "dog/2.PNG",
            "dog/10.jpg",
            "cat/a.webp",
            "cat/deep/b.jpeg",
            "cat/c.gif",
            "cat/.d.png",
            "Zebra/z.png",
            ".hidden/e.png",
            "readme.txt",
            "stray.png",
        ]);
        let listing = list(root.path()).unwrap();
        assert_eq!(listing.classes, ["Zebra", "cat", "dog"]);
        let expected = [
            "Train 0 Zebra/z.png",
            "Train 1 cat/a.webp",
            "Train 1 cat/deep/b.jpeg",
            "Train 2 dog/10.jpg",
            "Train 2 dog/2.PNG",
        ];
        assert_eq!(files(&root, &listing), expected);
        // .hidden, readme.txt, stray.png, c.gif and .d.png.
        assert_eq!(listing.others, 5);
    }

    #[test]
    fn a_train_folder_of_folders_makes_roles() {
        for validation in ["val", "valid", "Validation"] {
            let name = format!("{validation}/a/3.png");
            let root = folder(&["train/a/1.png", "train/b/2.png", &name, "test/b/4.png"]);
            let listing = list(root.path()).unwrap();
            assert_eq!(listing.classes, ["a", "b"]);
            let expected = [
                "Train 0 train/a/1.png",
                "Train 1 train/b/2.png",
                &format!("Validation 0 {name}"),
                "Test 1 test/b/4.png",
            ];
            assert_eq!(files(&root, &listing), expected);
        }
        // Means of transport.
        let root = folder(&["train/1.png", "plane/2.png"]);
        assert_eq!(list(root.path()).unwrap().classes, ["plane", "train"]);
    }

    #[test]
    fn what_is_no_set_is_told_in_a_sentence() {
        let cases = [
            (&[][..], "holds no folder of a class"),
            (&["a.png", "b.png"], "pictures that lie in it directly: 2"),
            (&["a/1.png"], "holds a single class, `a`"),
            (
                &["train/a/1.png", "train/b/2.png", "test/c/1.png"],
                "c` is a class that",
            ),
            (
                &["test/a/1.png", "test/b/1.png"],
                "holds `test` and no `train`",
            ),
            (
                &[
                    "train/a/1.png",
                    "train/b/2.png",
                    "val/a/1.png",
                    "valid/a/1.png",
                ],
                "both `val` and `valid`",
            ),
        ];
        for (names, expected) in cases {
            let root = folder(names);
            let error = list(root.path()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.hint().is_some(), "{error}");
        }
        let root = folder(&["a.zip"]);
        let error = list(&root.path().join("a.zip")).unwrap_err();
        assert!(error.to_string().contains("is a file"), "{error}");
        assert!(list(&root.path().join("absent")).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn links_lead_on_but_not_in_circles() {
        let root = folder(&["a/1.png", "b/2.png", "elsewhere/3.png"]);
        let data = root.path().join("data");
        fs::create_dir(&data).unwrap();
        for class in ["a", "b"] {
            std::os::unix::fs::symlink(root.path().join(class), data.join(class)).unwrap();
        }
        std::os::unix::fs::symlink(data.join("a"), data.join("a/again")).unwrap();
        let listing = list(&data).unwrap();
        let expected = ["Train 0 data/a/1.png", "Train 1 data/b/2.png"];
        assert_eq!(files(&root, &listing), expected);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_class_whose_name_is_no_text_is_refused_and_a_file_is_not() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let root = folder(&["a/1.png", "b/"]);
        let odd = OsStr::from_bytes(b"\xff.png");
        fs::write(root.path().join("b").join(odd), b"").unwrap();
        assert_eq!(list(root.path()).unwrap().files.len(), 2);
        fs::create_dir(root.path().join(OsStr::from_bytes(b"\xffc"))).unwrap();
        let error = list(root.path()).unwrap_err();
        assert!(error.to_string().contains("not UTF-8"), "{error}");
    }
}
