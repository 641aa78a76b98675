//! Every form of output of the same events, and what must hold for each.

use serde::de::IgnoredAny;
use wsdump::output::{Json, PayloadForm, Spool, Table, Text, TextOptions, View, Zone};
use wsdump::types::{Event, Sink};

/// What the views wrote.
pub struct Outputs {
    views: Vec<(Form, Box<dyn View>, Spool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Text,
    Colour,
    Rows,
    Table,
}

impl Outputs {
    /// One of each form, and the text with and without colour.
    pub fn new(width: Option<usize>) -> Self {
        let text = |color, compact| -> Box<dyn View> {
            Box::new(Text::new(TextOptions {
                color,
                compact,
                width,
                zone: Zone::Utc,
                headers: true,
                ..TextOptions::default()
            }))
        };
        let views: [(Form, Box<dyn View>); 5] = [
            (Form::Json, Box::new(Json::new(PayloadForm::Auto))),
            (Form::Text, text(false, false)),
            (Form::Colour, text(true, false)),
            (Form::Rows, text(false, true)),
            (Form::Table, Box::new(Table::new(width))),
        ];
        Self { views: views.map(|(form, view)| (form, view, Spool::default())).into() }
    }

    /// What was written, after the last event.
    ///
    /// # Panics
    /// When something is written that may not be.
    pub fn finish(mut self) -> Vec<String> {
        let mut written = Vec::new();
        for (form, view, out) in &mut self.views {
            view.finish(out);
            let text = std::str::from_utf8(out).expect("output is UTF-8").to_owned();
            check_form(*form, &text);
            written.push(text);
        }
        assert_eq!(written[1], without_colour(&written[2]), "colour changes the text");
        written
    }
}

impl Sink for Outputs {
    fn event(&mut self, event: &Event<'_>) {
        for (_, view, out) in &mut self.views {
            view.show(event, out);
        }
    }
}

fn check_form(form: Form, text: &str) {
    match form {
        Form::Json => {
            for line in text.lines() {
                assert!(line.starts_with("{\"event\":\""), "{line}");
                serde_json::from_str::<IgnoredAny>(line).expect("a line is JSON");
            }
            assert!(text.is_empty() || text.ends_with('\n'));
            check(text);
        }
        Form::Text | Form::Rows | Form::Table => check(text),
        Form::Colour => check(&without_colour(text)),
    }
}

/// Nothing in `text` may steer a terminal but the ends of lines.
///
/// # Panics
/// When something does.
pub fn check(text: &str) {
    let bad = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(bad, None, "a control character in {text:?}");
}

/// `text` without the escape sequences that select a colour.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (parameters, rest) = part.split_once('m').expect("a sequence ends with m");
        assert!(parameters.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
        plain += rest;
    }
    plain
}
