//! `[data]`

use super::{Resolver, absolute, refuse};
use crate::config::run_file::DataKeys;
use crate::config::settings::{DataSettings, Source, Split};
use crate::config::{Color, ConfigError, ImageFolder, ImageSize, Resize, Share, recipe};

impl Resolver<'_> {
    pub(super) fn data(&self, typed: &DataKeys) -> Result<DataSettings, ConfigError> {
        let source = self.source(typed)?;
        let validation = typed
            .validation
            .unwrap_or(Share::percent(recipe::validation_percent(&source)));
        let batch_size = typed.batch_size.unwrap_or(64);
        if batch_size == 0 {
            return Err(refuse(self.layers, "data.batch_size", "must be at least 1"));
        }
        let stretch = typed.stretch.unwrap_or(1.0);
        if !(1e-6..=1e6).contains(&stretch) {
            return Err(refuse(
                self.layers,
                "data.stretch",
                "must be from 1e-6 to 1e6",
            ));
        }
        Ok(DataSettings {
            source,
            validation,
            split_seed: typed.split_seed.unwrap_or(0),
            label_noise: typed.label_noise.unwrap_or(Share::percent(0)),
            stretch,
            batch_size,
            drop_last: typed.drop_last.unwrap_or(true),
            shuffle: typed.shuffle.unwrap_or(true),
            augment: self.augment(&typed.augment)?,
        })
    }

    fn source(&self, typed: &DataKeys) -> Result<Source, ConfigError> {
        let name = typed.name.as_deref().unwrap_or("digits");
        if ["digits", "mnist"].contains(&name) {
            self.no_picture_keys(name, typed)?;
        }
        match name {
            "digits" => {
                if typed.path.is_some() {
                    return Err(refuse(
                        self.layers,
                        "data.path",
                        "the digits are embedded and lie in no folder",
                    )
                    .hint("say data.name = \"images\" for a folder of pictures, \"mnist\" for the MNIST files"));
                }
                let split = match &typed.split {
                    None => Split::Shuffled,
                    Some(name) => self.choice("data.split", name)?,
                };
                Ok(Source::Digits { split })
            }
            "mnist" => {
                if typed.split.is_some() {
                    return Err(refuse(
                        self.layers,
                        "data.split",
                        "MNIST has its own test files",
                    ));
                }
                let Some(path) = &typed.path else {
                    return Err(ConfigError::new(
                        "data.path is missing: where do the MNIST files lie?",
                    )
                    .hint(
                        "--data FOLDER or --set data.path=FOLDER, the folder of the four IDX files",
                    ));
                };
                Ok(Source::Mnist {
                    path: absolute(path),
                })
            }
            "images" => self.images(typed),
            _ => Err(self.unknown_name("data.name", name, &["digits", "mnist", "images"])),
        }
    }

    fn no_picture_keys(&self, name: &str, typed: &DataKeys) -> Result<(), ConfigError> {
        let given = [
            ("size", typed.size.is_some()),
            ("color", typed.color.is_some()),
            ("resize", typed.resize.is_some()),
            ("test", typed.test.is_some()),
            ("skip_bad", typed.skip_bad.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((key, _)) => Err(refuse(
                self.layers,
                &format!("data.{key}"),
                format!("does not apply to {name}"),
            )
            .hint("it is for a folder of pictures: --data FOLDER")),
        }
    }

    fn images(&self, typed: &DataKeys) -> Result<Source, ConfigError> {
        if typed.split.is_some() {
            return Err(
                refuse(self.layers, "data.split", "does not apply to images").hint(
                    "data.test is the share held out for testing, data.split_seed chooses it",
                ),
            );
        }
        let Some(path) = &typed.path else {
            return Err(
                ConfigError::new("data.path is missing: where do the pictures lie?").hint(
                    "--data FOLDER, a folder with a folder for each class; png, jpg, jpeg and webp are read",
                ),
            );
        };
        let color = match &typed.color {
            None => Color::Auto,
            Some(name) => self.choice("data.color", name)?,
        };
        let resize = match &typed.resize {
            None => Resize::Crop,
            Some(name) => self.choice("data.resize", name)?,
        };
        Ok(Source::Images(ImageFolder {
            path: absolute(path),
            size: typed.size.unwrap_or(ImageSize::Auto),
            color,
            resize,
            test: typed.test.unwrap_or(Share::percent(recipe::TEST_PERCENT)),
            skip_bad: typed.skip_bad.unwrap_or(false),
        }))
    }
}
