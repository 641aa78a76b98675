//! How the text view shows things.

use crate::output::{PayloadForm, TimeForm, Zone};

/// How [`Text`](super::Text) shows things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// Colour, with escape sequences that every terminal knows.
    pub color: bool,
    /// Columns of the terminal; lines are folded there. `None`: it is not a
    /// terminal, and lines may be of any length.
    pub width: Option<usize>,
    /// Whose time is shown, where that is the time of day.
    pub zone: Zone,
    /// What the time before each event tells.
    pub time: TimeForm,
    /// One line an event, cut where the terminal ends, instead of payloads below.
    pub compact: bool,
    /// How payloads are shown.
    pub payload: PayloadForm,
    /// How they are laid out, where they are shown as what they are.
    pub body: BodyForm,
    /// Nothing is shortened or cut, however long it is.
    pub full: bool,
    /// The headers of requests and responses too; not in compact lines.
    pub headers: bool,
    /// The number of its packet before each event.
    pub packets: bool,
}

/// No colour, no folding, the time of day in the system's zone, payloads laid out for
/// reading and shortened, no headers, no packet numbers.
impl Default for TextOptions {
    fn default() -> Self {
        Self {
            color: false,
            width: None,
            zone: Zone::System,
            time: TimeForm::TimeOfDay,
            compact: false,
            payload: PayloadForm::Auto,
            body: BodyForm::Pretty,
            full: false,
            headers: false,
            packets: false,
        }
    }
}

/// How payloads are laid out: `--body`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyForm {
    /// For reading: JSON indented, text with its own lines, bytes as a hex dump.
    #[default]
    Pretty,
    /// On one line, folded where the terminal ends.
    Compact,
    /// Not at all.
    None,
}
