//! JSON documents that cannot harm the terminal, or the log, they may be printed on.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::harmless::is_service_message;
use crate::output::json_escaped;

/// A document, a value a line, with a line feed at its end.
pub(super) fn document(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, Safe::default());
    // What reports are made of can always be written.
    let _ = value.serialize(&mut serializer);
    out.push(b'\n');
    out
}

/// Writes characters that steer a terminal as escapes, as all of wsdump's JSON does, and
/// those with which commands begin that systems find anywhere in a log.
#[derive(Default)]
struct Safe<'a>(PrettyFormatter<'a>);

impl Formatter for Safe<'_> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut safe = Vec::with_capacity(fragment.len());
        let mut written = 0;
        for (at, _) in fragment.match_indices('#') {
            if fragment.get(at..).is_some_and(is_service_message) {
                json_escaped(&mut safe, fragment.get(written..at).unwrap_or_default());
                safe.extend_from_slice(b"\\u0023");
                written = at + 1;
            }
        }
        json_escaped(&mut safe, fragment.get(written..).unwrap_or_default());
        writer.write_all(&safe)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, is_first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        let text = "a\"\\\n\x1b\u{9b}\u{202e}é";
        let written = String::from_utf8(document(&[text])).unwrap();
        assert_eq!(written, "[\n  \"a\\\"\\\\\\n\\u001b\\u009b\\u202eé\"\n]\n");
        assert_eq!(serde_json::from_str::<[String; 1]>(&written).unwrap(), [text]);
    }

    #[test]
    fn what_logs_take_for_a_command_is_escaped() {
        let text = "# ## a###[error]b \"##vso[c]\x1b##";
        let written = String::from_utf8(document(&[text])).unwrap();
        let expected = r###""# ## a#\u0023#[error]b \"\u0023#vso[c]\u001b##""###;
        assert_eq!(written, format!("[\n  {expected}\n]\n"));
        assert_eq!(serde_json::from_str::<[String; 1]>(&written).unwrap(), [text]);
    }
}
