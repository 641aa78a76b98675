//! Any text as an expectations file, which may name a JSON Schema that follows it
//! behind a NUL.
//!
//! A fault lies in the text, and is told on a line.

#![no_main]

use std::io;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use wsdump::check::Expectations;
use wsdump::filter::FilterSet;
use wsdump::types::Limits;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (text, schema) = text.split_once('\0').unwrap_or((text, "{}"));
    let read = |path: &Path| match path.to_str() {
        Some("schema.json") => Ok(schema.to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let mut expectations = Expectations::new(&Limits::default());
    let Err(error) = expectations.add(text, "x.toml", &mut FilterSet::default(), &read) else {
        return;
    };
    assert!(text.get(error.span.clone()).is_some(), "{error:?}");
    assert!(!error.message.is_empty(), "{error:?}");
    let lines = [Some(&error.message), Some(&error.label), error.help.as_ref()];
    assert!(lines.into_iter().flatten().all(|line| line.lines().count() <= 1), "{error:?}");
});
