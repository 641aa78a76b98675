//! One connection as a dialogue: `wsdump follow`.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::connection_name::ConnectionName;
use super::others::Others;
use super::spool::Spool;
use super::text::{Text, TextOptions};
use super::wrap::Page;
use super::{View, style};
use crate::types::{Event, Kind, Side, Timestamp};

/// The text of one connection, behind a gutter that shows who speaks.
///
/// ```text
///   2018-12-26 06:54:46.729250 #3   127.0.0.1:51234 → 127.0.0.1:8888  ws://localhost:8888/chat
/// > 06:54:46.730100 #3   client → text         23 bytes
/// >     {"op": "join", "id": 1}
///                     < 06:54:46.731500 #3   ← server text          4 bytes
///                     <     done
/// ```
///
/// What the server says stands further to the right where there is room.
#[derive(Debug)]
pub struct Follow {
    name: ConnectionName,
    text: Text,
    color: bool,
    /// Columns before what the server says.
    shift: usize,
    is_there: bool,
    others: Others,
}

/// A sign and a space.
const GUTTER: usize = 2;

/// Columns by which the server's part is moved, and how wide the terminal must
/// be for that.
const SHIFT: usize = 20;
const WIDE: usize = 100;

/// The same elsewhere, as far as that leaves room for text.
const SHORT_SHIFT: usize = 4;

impl Follow {
    /// The dialogue of the connection of that name; `options` are about its text.
    pub fn new(name: ConnectionName, options: TextOptions) -> Self {
        let shift = match options.width {
            Some(width) if width < WIDE => {
                SHORT_SHIFT.min(width.saturating_sub(GUTTER + Page::NARROWEST))
            }
            _ => SHIFT,
        };
        let width = options.width.map(|width| width.saturating_sub(GUTTER + shift));
        Self {
            name,
            color: options.color,
            shift,
            text: Text::new(TextOptions { width, ..options }),
            is_there: false,
            others: Others::default(),
        }
    }

    /// Why there is nothing: a sentence about the connections that there are.
    /// `None` where the connection is among them.
    pub fn absence(&self) -> Option<String> {
        (!self.is_there).then(|| self.others.tell(self.name))
    }

    /// Renders lines at the end of `out`, behind the gutter of `side`.
    fn put(
        &mut self,
        side: Option<Side>,
        out: &mut Spool,
        render: impl FnOnce(&mut Text, &mut Spool),
    ) {
        let (indent, sign) = match side {
            None => (0, ' '),
            Some(Side::Client) => (0, '>'),
            Some(Side::Server) => (self.shift, '<'),
        };
        let look = style::side(side);
        let sign = match self.color {
            true => format!("{look}{sign}{look:#}"),
            false => sign.to_string(),
        };
        let behind = Rc::new(RefCell::new(std::mem::take(out)));
        let begin = " ".repeat(indent) + &sign;
        let is_shown = side.is_some();
        let gutter = Gutter { out: Rc::clone(&behind), begin, is_shown, is_at_begin: true };
        let mut lines = Spool::new(gutter);
        render(&mut self.text, &mut lines);
        // A gutter takes everything. What its own writer refuses, that one tells.
        let _ = lines.flush();
        *out = behind.take();
    }
}

/// Takes lines as they are rendered, lest those of a long payload are in memory
/// as a whole, and puts them behind what shows who speaks.
struct Gutter {
    out: Rc<RefCell<Spool>>,
    /// What lines begin with.
    begin: String,
    /// Empty lines have it, too.
    is_shown: bool,
    is_at_begin: bool,
}

impl Write for Gutter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = self.out.borrow_mut();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_empty = line == b"\n";
            if self.is_at_begin && (self.is_shown || !is_empty) {
                out.extend_from_slice(self.begin.as_bytes());
                if !is_empty {
                    out.push(b' ');
                }
            }
            out.put(line);
            self.is_at_begin = line.ends_with(b"\n");
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl View for Follow {
    fn begin(&mut self, time: Timestamp) {
        self.text.begin(time);
    }

    fn event(&mut self, event: &Event<'_>, out: &mut Spool) {
        if ConnectionName::from(event.connection) != self.name {
            return self.others.event(event);
        }
        self.is_there = true;
        // What stands between two events belongs to neither side.
        let mark = self.text.mark(event);
        self.put(None, out, |text, between| text.seam(mark, between));
        self.put(side(event), out, |text, lines| text.event(event, lines));
    }
}

/// Whose part an event belongs to.
fn side(event: &Event<'_>) -> Option<Side> {
    match &event.kind {
        Kind::Message(message) => Some(message.from),
        Kind::Frame(frame) => Some(frame.from),
        Kind::Gap(gap) => Some(gap.from),
        Kind::Violation(violation) => violation.from,
        Kind::Handshake(_) | Kind::End(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::output::samples::{
        Shared, columns, connection, conversation, event, handshake, hostile_text, is_harmless,
        rendered, without_colors,
    };
    use crate::output::{PayloadForm, Zone};
    use crate::types::{Body, Handshake, Message, Opcode};

    const NAME: ConnectionName = ConnectionName { stream: 3, h2_stream: None };

    fn options(width: Option<usize>) -> TextOptions {
        TextOptions { width, zone: Zone::Utc, ..TextOptions::default() }
    }

    #[test]
    fn the_sides_are_set_apart() {
        let (connection, other) = (connection(3), connection(4));
        let handshake = handshake();
        let mut events = conversation(&other, &handshake);
        events.extend(conversation(&connection, &handshake));
        assert_snapshot!("120", rendered(Follow::new(NAME, options(Some(120))), &events));
        assert_snapshot!("80", rendered(Follow::new(NAME, options(Some(80))), &events));
        let color = TextOptions { color: true, ..options(Some(80)) };
        let coloured = rendered(Follow::new(NAME, color), &events);
        assert!(coloured.contains("\x1b[36m>\x1b[0m ") && coloured.contains("\x1b[35m<\x1b[0m "));
        let plain = rendered(Follow::new(NAME, options(Some(80))), &events);
        assert_eq!(without_colors(&coloured), plain);
    }

    #[test]
    fn a_connection_that_is_not_there_is_told_with_those_that_are() {
        let connections: Vec<_> = (4..20).map(connection).collect();
        let handshake = Handshake { target: Some("/\x1b[2J".into()), ..handshake() };
        let absence = |count: usize| {
            let mut view = Follow::new(NAME, options(None));
            let mut out = Spool::default();
            for connection in &connections[..count] {
                view.show(&event(connection, 1, Kind::Handshake(&handshake)), &mut out);
            }
            assert!(out.is_empty());
            view.absence().unwrap()
        };
        assert_eq!(absence(0), "there is no connection 3, nor any other");
        assert_eq!(
            absence(2),
            "there is no connection 3, but 4 (ws://localhost:8888/\\x1b[2J), 5 (ws://localhost:8888/\\x1b[2J)"
        );
        assert!(absence(16).ends_with("13 (ws://localhost:8888/\\x1b[2J) and more"));
    }

    #[test]
    fn a_long_payload_is_handed_over_while_it_is_rendered() {
        let connection = connection(3);
        let text = "line\n".repeat(40_000);
        let said = Message::new(Side::Server, Opcode::Text, Body::Text(&text));
        let written = Shared::default();
        let mut out = Spool::new(written.clone());
        let full = TextOptions { full: true, ..options(Some(80)) };
        let mut view = Follow::new(NAME, full.clone());
        view.show(&event(&connection, 1, Kind::Message(said)), &mut out);
        assert!(out.capacity() < 2 << 20, "{}", out.capacity());
        out.flush().unwrap();
        let whole =
            rendered(Follow::new(NAME, full), &[event(&connection, 1, Kind::Message(said))]);
        assert!(written.text() == whole && whole.matches("    <     line\n").count() == 40_000);
    }

    proptest! {
        #[test]
        fn harmless_and_within_the_width(text in hostile_text(), width in 22_usize..200) {
            let connection = connection(3);
            let said = Message::new(Side::Server, Opcode::Text, Body::Text(&text));
            let events = [event(&connection, 1, Kind::Message(said))];
            for payload in [PayloadForm::Auto, PayloadForm::Base64] {
                let options = TextOptions { payload, ..options(Some(width)) };
                let shown = rendered(Follow::new(NAME, options), &events);
                prop_assert!(is_harmless(&shown), "{:?}", shown);
                for line in shown.lines() {
                    prop_assert!(columns(line) <= width, "{}", line);
                }
            }
        }
    }
}
