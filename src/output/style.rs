//! The colours, and what each says. The terminal's own sixteen are used where
//! a colour has a meaning, so that the user's theme decides how it looks.

use anstyle::{Ansi256Color, AnsiColor, Color, Style};

use crate::types::{Connection, Severity, Side};

/// Nothing special.
pub(crate) const PLAIN: Style = Style::new();
/// What the eye may pass over.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What it should find first.
pub(crate) const BOLD: Style = Style::new().bold();
/// As it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Worth a look.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default();
/// Wrong.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Wrong, and not to be overlooked.
pub(super) const ALARM: Style = Style::new()
    .fg_color(Some(Color::Ansi(AnsiColor::White)))
    .bg_color(Some(Color::Ansi(AnsiColor::Red)))
    .bold();

/// Name of a member of a JSON object.
pub(super) const KEY: Style = AnsiColor::Cyan.on_default();
/// JSON string.
pub(super) const STRING: Style = AnsiColor::Green.on_default();
/// JSON number.
pub(super) const NUMBER: Style = AnsiColor::Yellow.on_default();
/// `true`, `false`, `null`.
pub(super) const LITERAL: Style = AnsiColor::Magenta.on_default();

/// Which side sent something.
const CLIENT: Style = AnsiColor::Cyan.on_default();
const SERVER: Style = AnsiColor::Magenta.on_default();

/// The colour of a side.
pub(crate) const fn side(side: Option<Side>) -> Style {
    match side {
        Some(Side::Client) => CLIENT,
        Some(Side::Server) => SERVER,
        None => PLAIN,
    }
}

/// The colour of a byte by its class: zero, printable, white space, other control
/// characters, and what is not ASCII.
pub(super) const fn byte(byte: u8) -> Style {
    match byte {
        0 => DIM,
        b'!'..=b'~' => AnsiColor::Cyan.on_default(),
        b' ' | b'\t'..=b'\r' => GOOD,
        1..=0x8 | 0xe..=0x1f | 0x7f => AnsiColor::Magenta.on_default(),
        _ => WARNING,
    }
}

/// Colours that can be told apart on a dark and on a light ground, red left
/// out because it means an error.
const CONNECTIONS: [u8; 7] = [33, 166, 37, 168, 136, 99, 71];

/// The colour of a connection: the same in every run.
pub(crate) fn connection(connection: &Connection) -> Style {
    // Streams that a client opens inside HTTP/2 have odd numbers.
    let h2_index = connection.h2_stream.map_or(0, |stream| u64::from(stream / 2));
    let index = connection.stream.wrapping_add(h2_index) % CONNECTIONS.len() as u64;
    CONNECTIONS
        .get(index as usize)
        .map_or(PLAIN, |color| Style::new().fg_color(Some(Color::Ansi256(Ansi256Color(*color)))))
}

/// The sign and the colour of a severity.
pub(crate) const fn severity(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Error => ("✗", ERROR),
        Severity::Warning => ("!", WARNING),
        Severity::Note => ("·", PLAIN),
    }
}
