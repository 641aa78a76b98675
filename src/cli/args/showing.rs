//! How events are shown.

use clap::error::ErrorKind;
use clap::{Args, ValueEnum};

use super::{Refusal, Telling};
use crate::filter::LeftOut;
use crate::output::{BodyForm, PayloadForm, TextOptions, TimeForm, Zone};

/// The options that only text has.
const TEXT: &str = "Text";

/// How times and payloads are shown, and what is left out.
#[derive(Debug, Args)]
pub(in crate::cli) struct Showing {
    /// Time before each event in text: the time of day here or in UTC, or
    /// seconds since 1970, since the first packet of the capture, or since the
    /// event shown before. JSON always has RFC 3339 in UTC, tables no times
    #[arg(long, value_name = "FORM", default_value = "local")]
    pub(in crate::cli) time: Time,

    /// How payloads are shown: as what they are, in base64 (always whole), or not at
    /// all
    #[arg(long, value_name = "FORM", default_value = "auto")]
    pub(in crate::cli) payload: Payload,

    /// One line an event, cut where the terminal ends: what it is and what it says,
    /// or else the payload
    #[arg(long, help_heading = TEXT)]
    compact: bool,

    /// How payloads are laid out below the lines of their messages; `pretty` without
    /// it
    #[arg(long, value_name = "FORM", help_heading = TEXT)]
    body: Option<Body>,

    /// Shorten and cut nothing, however long it is. Without it 40 rows of JSON and of
    /// text are shown, and 8 of bytes
    #[arg(long, help_heading = TEXT)]
    full: bool,

    /// Leave out pings and pongs, in JSON too; close frames are told, and what is
    /// left out is counted at the end of its connection
    #[arg(long)]
    no_control: bool,

    /// Leave out pings, pongs and what the protocol inside sends for nothing but to
    /// keep the connection alive, in JSON too
    #[arg(long)]
    no_heartbeats: bool,
}

impl Showing {
    /// The form of payloads.
    pub(in crate::cli) fn payload_form(&self) -> PayloadForm {
        match self.payload {
            Payload::Auto => PayloadForm::Auto,
            Payload::Base64 => PayloadForm::Base64,
            Payload::None => PayloadForm::None,
        }
    }

    /// The text that is asked for, in `width` columns.
    pub(in crate::cli) fn text_options(
        &self,
        telling: &Telling,
        width: Option<usize>,
    ) -> TextOptions {
        TextOptions {
            color: telling.is_coloured(),
            width,
            zone: if self.time == Time::Utc { Zone::Utc } else { Zone::System },
            time: self.time.form(),
            compact: self.compact,
            payload: self.payload_form(),
            body: self.body_form(),
            full: self.full,
            headers: telling.verbose,
            packets: telling.verbose,
        }
    }

    fn body_form(&self) -> BodyForm {
        match self.body {
            None | Some(Body::Pretty) => BodyForm::Pretty,
            Some(Body::Compact) => BodyForm::Compact,
            Some(Body::None) => BodyForm::None,
        }
    }

    /// What is left out.
    pub(in crate::cli) fn left_out(&self) -> LeftOut {
        match (self.no_heartbeats, self.no_control) {
            (true, _) => LeftOut::Heartbeats,
            (false, true) => LeftOut::Pings,
            (false, false) => LeftOut::Nothing,
        }
    }

    /// The option by which something is left out.
    pub(in crate::cli) fn leaving_out(&self) -> Option<&'static str> {
        match self.left_out() {
            LeftOut::Nothing => None,
            LeftOut::Pings => Some("--no-control"),
            LeftOut::Heartbeats => Some("--no-heartbeats"),
        }
    }

    /// Whether there is an option that only text has.
    pub(super) fn is_for_text(&self) -> bool {
        self.compact || self.body.is_some() || self.full
    }

    /// Why the options cannot work together, if so.
    pub(super) fn refused(&self) -> Option<Refusal> {
        let refuse = |sentence| Some((ErrorKind::ArgumentConflict, sentence));
        if self.compact && self.body.is_some() {
            return refuse("--compact has nothing below its lines that --body could lay out");
        }
        if self.body.is_some() && self.payload != Payload::Auto {
            return refuse(
                "--body lays out payloads that are shown as what they are: leave out --payload",
            );
        }
        None
    }
}

/// Whose aliases are the values of tshark's `-t` that mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Time {
    /// Time of day, with the date where it changes
    #[value(aliases = ["a", "ad"])]
    Local,
    /// The same in UTC
    #[value(aliases = ["u", "ud"])]
    Utc,
    /// Seconds since 1970
    #[value(alias = "e")]
    Epoch,
    /// Seconds since the first packet of the capture
    #[value(alias = "r")]
    Relative,
    /// Seconds since the event shown before
    #[value(alias = "dd")]
    Delta,
}

impl Time {
    fn form(self) -> TimeForm {
        match self {
            Self::Local | Self::Utc => TimeForm::TimeOfDay,
            Self::Epoch => TimeForm::Epoch,
            Self::Relative => TimeForm::Relative,
            Self::Delta => TimeForm::Delta,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Payload {
    /// JSON, text or bytes, as what they are
    Auto,
    /// All in base64
    Base64,
    /// Not at all
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Body {
    /// JSON indented, text with its own lines, bytes as a hex dump
    Pretty,
    /// On one line, folded where the terminal ends
    Compact,
    /// Not at all
    None,
}
