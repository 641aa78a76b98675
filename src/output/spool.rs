//! Rendered bytes on their way out.

use std::fmt;
use std::io::{self, IoSlice, Write};
use std::ops::{Deref, DerefMut};

/// Rendered bytes that are worth a write.
const WRITE_SIZE: usize = 256 << 10;

/// Bytes of a payload that are rendered between two looks at how much there is.
/// In tests, which are not optimized, few, so that not too few of them are many.
pub(super) const PIECE: usize = if cfg!(test) { 1 << 10 } else { 8 << 10 };

/// A buffer that views render at the end of. Where it has a writer, that gets
/// what there is as soon as it is much, be it in the middle of an event: what a
/// view makes of a payload can be several times as long as the payload, and is
/// never in memory as a whole.
///
/// It is the vector of those bytes that were not written yet. Without a writer
/// that is everything.
pub struct Spool {
    bytes: Vec<u8>,
    /// Bytes that are worth a write.
    much: usize,
    outlet: Option<Outlet>,
}

struct Outlet {
    writer: Box<dyn Write>,
    /// Nothing is written any more, and why, until that is told.
    has_failed: bool,
    error: Option<io::Error>,
}

impl Outlet {
    fn fail(&mut self, error: io::Error) {
        self.has_failed = true;
        self.error = Some(error);
    }
}

impl Spool {
    /// A spool that hands over to `writer`.
    pub fn new(writer: impl Write + 'static) -> Self {
        Self::handing_over(writer, WRITE_SIZE)
    }

    /// One that hands over that many bytes.
    pub(super) fn handing_over(writer: impl Write + 'static, much: usize) -> Self {
        let outlet = Outlet { writer: Box::new(writer), has_failed: false, error: None };
        Self { bytes: Vec::new(), much, outlet: Some(outlet) }
    }

    /// Hands over what there is if it is much. When that fails, all that follows
    /// is dropped.
    #[inline]
    pub fn relieve(&mut self) {
        if self.is_much() {
            self.hand_over(self.bytes.len());
        }
    }

    /// Why nothing could be handed over, told once.
    ///
    /// # Errors
    /// That of the writer.
    pub fn check(&mut self) -> io::Result<()> {
        match self.outlet.as_mut().and_then(|outlet| outlet.error.take()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Hands over everything, and flushes the writer.
    ///
    /// # Errors
    /// That of the writer, now or before.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.bytes.is_empty() {
            self.hand_over(self.bytes.len());
        }
        self.check()?;
        self.outlet.as_mut().map_or(Ok(()), |outlet| outlet.writer.flush())
    }

    /// The bytes that were not written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether what there is can be handed over, and is worth it.
    #[inline]
    pub(super) fn is_much(&self) -> bool {
        self.bytes.len() >= self.much
    }

    /// Hands over the first `count` bytes.
    pub(super) fn hand_over(&mut self, count: usize) {
        let Some(outlet) = &mut self.outlet else {
            return;
        };
        let bytes = self.bytes.get(..count).unwrap_or(&self.bytes);
        if !outlet.has_failed
            && let Err(error) = outlet.writer.write_all(bytes)
        {
            outlet.fail(error);
        }
        self.bytes.drain(..count.min(self.bytes.len()));
    }

    /// Hands over everything and these bytes after it, which are not copied.
    /// Without a writer, they are appended.
    pub(crate) fn put_slices(&mut self, mut slices: &mut [IoSlice<'_>]) {
        self.hand_over(self.bytes.len());
        let Some(outlet) = &mut self.outlet else {
            for slice in slices {
                self.bytes.extend_from_slice(slice);
            }
            return;
        };
        // Passes over slices that are empty.
        IoSlice::advance_slices(&mut slices, 0);
        while !outlet.has_failed && !slices.is_empty() {
            match outlet.writer.write_vectored(slices) {
                Ok(0) => outlet.fail(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut slices, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => outlet.fail(error),
            }
        }
    }

    /// Appends bytes, however many they are.
    #[inline]
    pub fn put(&mut self, mut bytes: &[u8]) {
        while let Some((piece, rest)) = bytes.split_at_checked(PIECE) {
            self.bytes.extend_from_slice(piece);
            self.relieve();
            bytes = rest;
        }
        self.bytes.extend_from_slice(bytes);
        self.relieve();
    }
}

impl Default for Spool {
    fn default() -> Self {
        Self { bytes: Vec::new(), much: usize::MAX, outlet: None }
    }
}

impl Deref for Spool {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Spool {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Spool").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// The pieces of a text, to be rendered one after the other.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        // No character takes more than four bytes.
        let mut ends = PIECE..PIECE + 4;
        let (piece, after) = ends.find_map(|end| rest.split_at_checked(end)).unwrap_or((rest, ""));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::output::samples::{Shared, connection, event};
    use crate::output::{BodyForm, Json, PayloadForm, Text, TextOptions, View, Zone};
    use crate::types::{Body, JsonText, Kind, Message, Opcode, Side};

    #[test]
    fn it_hands_over_when_there_is_much() {
        let written = Shared::default();
        let mut spool = Spool::handing_over(written.clone(), 4);
        spool.extend_from_slice(b"abc");
        spool.relieve();
        assert_eq!((written.text().as_str(), spool.as_slice()), ("", &b"abc"[..]));
        spool.put(b"de");
        assert_eq!((written.text().as_str(), spool.as_slice()), ("abcde", &b""[..]));
        spool.put(b"f");
        spool.flush().unwrap();
        assert_eq!(written.text(), "abcdef");

        let mut spool = Spool::handing_over(written.clone(), PIECE);
        spool.put(&[b'x'; 3 * PIECE + 1]);
        assert_eq!((written.text().len(), spool.len()), (6 + 3 * PIECE, 1));
    }

    #[test]
    fn without_a_writer_it_keeps_everything() {
        let mut spool = Spool::default();
        spool.put(&[b'x'; 2 * WRITE_SIZE]);
        spool.flush().unwrap();
        assert_eq!(spool.into_bytes().len(), 2 * WRITE_SIZE);
    }

    #[test]
    fn an_error_is_told_once_and_nothing_is_written_after_it() {
        /// Refuses the second thing that is written, and only that.
        struct Full(Shared, u32);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                let is_full = self.1 == 2;
                if is_full { Err(io::ErrorKind::BrokenPipe.into()) } else { self.0.write(bytes) }
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let written = Shared::default();
        let mut spool = Spool::handing_over(Full(written.clone(), 0), 4);
        spool.put(b"abcd");
        spool.check().unwrap();
        spool.put(b"efgh");
        spool.put(b"ijkl");
        assert!(spool.is_empty());
        assert_eq!(spool.check().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        spool.check().unwrap();
        spool.put(b"mnop");
        spool.put_slices(&mut [IoSlice::new(b"q")]);
        spool.flush().unwrap();
        assert_eq!(written.text(), "abcd");
    }

    #[test]
    fn slices_are_written_in_place_and_in_order() {
        /// Takes little at a time, and is interrupted in between.
        struct Slow(Shared, bool);
        impl Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 = !self.1;
                match self.1 {
                    true => Err(io::ErrorKind::Interrupted.into()),
                    false => self.0.write(bytes.get(..3).unwrap_or(bytes)),
                }
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let written = Shared::default();
        for mut spool in [Spool::new(Slow(written.clone(), false)), Spool::default()] {
            spool.put(b"ab");
            spool.put_slices(
                &mut ["", "cdefghi", "", "j", ""].map(|text| IoSlice::new(text.as_bytes())),
            );
            spool.put(b"k");
            spool.flush().unwrap();
            let text =
                if spool.is_empty() { written.text().into_bytes() } else { spool.into_bytes() };
            assert_eq!(text, b"abcdefghijk");
        }
    }

    #[test]
    fn slices_that_nobody_takes_are_an_error() {
        let mut spool = Spool::new([].as_mut_slice());
        spool.put_slices(&mut [IoSlice::new(b"a")]);
        assert_eq!(spool.check().unwrap_err().kind(), io::ErrorKind::WriteZero);
        let mut spool = Spool::new([].as_mut_slice());
        spool.put_slices(&mut [IoSlice::new(b""), IoSlice::new(b"")]);
        spool.check().unwrap();
    }

    /// Counts what is handed over, and how much of it at once.
    #[derive(Clone, Default)]
    struct Tally {
        written: Shared,
        most: Rc<Cell<usize>>,
    }

    impl Write for Tally {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.most.set(self.most.get().max(bytes.len()));
            self.written.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn views(payloads: &[PayloadForm]) -> Vec<Box<dyn Fn() -> Box<dyn View>>> {
        let mut views: Vec<Box<dyn Fn() -> Box<dyn View>>> = Vec::new();
        for payload in payloads.iter().copied() {
            views.push(Box::new(move || Box::new(Json::new(payload))));
            for (width, color, body, compact) in [
                (None, false, BodyForm::Pretty, false),
                (None, true, BodyForm::Pretty, false),
                (Some(70), false, BodyForm::Pretty, false),
                (Some(70), true, BodyForm::Pretty, false),
                (Some(70), true, BodyForm::Compact, false),
                (None, false, BodyForm::Pretty, true),
            ] {
                let options = TextOptions {
                    color,
                    width,
                    zone: Zone::Utc,
                    compact,
                    payload,
                    body,
                    full: true,
                    ..TextOptions::default()
                };
                views.push(Box::new(move || Box::new(Text::new(options.clone()))));
            }
        }
        views
    }

    #[test]
    fn of_long_payloads_only_a_part_is_kept() {
        const LENGTH: usize = 40 * PIECE;
        let texts = [
            "a",
            "\"",
            "\n",
            "\t",
            " ",
            "\x1b",
            "é",
            "\u{301}",
            "\u{202e}",
            "日本 ",
            "some words\r\n",
        ]
        .map(|text| text.repeat(LENGTH / text.len()));
        let documents = [
            format!("[{}1]", "[],".repeat(LENGTH / 3)),
            format!("[{}1]", "1, ".repeat(LENGTH / 3)),
            format!("[[[1{}]]]", "0".repeat(LENGTH)),
            format!("[{}0]", "{\"a\":[true]},".repeat(LENGTH / 13)),
            format!("{{\"{}\":1}}", "\u{7f}".repeat(LENGTH)),
            format!("[\"{}\", {}1]", "words ".repeat(LENGTH / 6), " ".repeat(LENGTH)),
        ];
        let bytes: Vec<u8> = (0..LENGTH).map(|index| (index % 251) as u8).collect();
        let mut bodies = vec![Body::Binary(&bytes)];
        bodies.extend(texts.iter().map(|text| Body::Text(text)));
        bodies.extend(documents.iter().map(|json| Body::Json(JsonText::new(json))));

        let connection = connection(3);
        for body in bodies {
            let message = Message::new(Side::Client, Opcode::Text, body);
            let event = event(&connection, 7, Kind::Message(message));
            // Base64 does not depend on what the bytes mean.
            let payloads: &[PayloadForm] = match body {
                Body::Binary(_) => &[PayloadForm::Auto, PayloadForm::Base64],
                Body::Text(_) | Body::Json(_) => &[PayloadForm::Auto],
            };
            for view in views(payloads) {
                let tally = Tally::default();
                let mut spool = Spool::handing_over(tally.clone(), 1);
                view().show(&event, &mut spool);
                spool.flush().unwrap();
                // An escape in colour takes 28 bytes.
                assert!(tally.most.get() < 32 * PIECE, "{} at once", tally.most.get());
                let mut kept = Spool::default();
                view().show(&event, &mut kept);
                assert!(tally.written.text().as_bytes() == kept.as_slice(), "{body:.99?}");
            }
        }
    }

    #[test]
    fn pieces_are_the_text() {
        for text in ["", "a", &"aé日🎉".repeat(PIECE), &"🎉".repeat(PIECE)] {
            assert_eq!(pieces(text).collect::<String>(), text);
            assert!(pieces(text).all(|piece| piece.len() < PIECE + 4));
        }
    }
}
