//! Examples live beside this file, each a program of its own; `Cargo.toml` lists them.
