//! One self-contained HTML page: headings, sentences, tables and figures.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::figure::{Figure, STYLE};
use super::table::Table;

/// What is shown one below the other. Every text is escaped.
#[derive(Debug, Clone)]
pub struct Page {
    title: String,
    parts: Vec<Markup>,
    figures: usize,
}

const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("values.js");
/// Who made a page. One that says so may be replaced by another.
const GENERATOR: &str = concat!("Anneal trainer ", env!("CARGO_PKG_VERSION"));

impl Page {
    /// A page with nothing but a title.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            parts: Vec::new(),
            figures: 0,
        }
    }

    /// Whether `text` is a page that this program wrote.
    pub fn is_ours(text: &str) -> bool {
        let head = text.split_once("</head>").map_or("", |(head, _)| head);
        head.contains(r#"<meta name="generator" content="Anneal trainer "#)
    }

    /// Begins a section.
    pub fn heading(&mut self, text: &str) {
        self.parts.push(html! { h2 { (text) } });
    }

    /// Adds a sentence or more.
    pub fn paragraph(&mut self, text: &str) {
        self.parts.push(html! { p { (text) } });
    }

    /// Adds a sentence that stands out, after the word that it is about.
    pub fn remark(&mut self, about: &str, text: &str) {
        self.parts
            .push(html! { p.remark { strong { (about) } " " (text) } });
    }

    /// Adds a table.
    pub(super) fn table(&mut self, table: &Table) {
        self.parts.push(table.markup());
    }

    /// Adds a table behind a line that opens it.
    pub(super) fn folded(&mut self, line: &str, table: &Table) {
        self.parts
            .push(html! { details { summary { (line) } (table.markup()) } });
    }

    /// Adds figures, beside each other where there is room.
    pub fn figures(&mut self, figures: &[Figure]) {
        let first = self.figures + 1;
        self.figures += figures.len();
        self.parts.push(html! {
            div.figures {
                @for (index, figure) in figures.iter().enumerate() { (figure.markup(first + index)) }
            }
        });
    }

    /// The whole file.
    ///
    /// Its policy forbids every request, and every style and script but those of this file: nothing that stands in a
    /// name can do anything.
    pub fn html(&self) -> String {
        let style = format!("{STYLE}{PAGE_STYLE}");
        let policy = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
            hash(&style),
            hash(SCRIPT),
        );
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="generator" content=(GENERATOR);
                    title { (self.title) }
                    style { (PreEscaped(&style)) }
                }
                body {
                    main {
                        h1 { (self.title) }
                        @for part in &self.parts { (part) }
                        footer { "Made by " (GENERATOR) "." }
                    }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string() + "\n"
    }
}

/// How a policy names the one text that it allows.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}
