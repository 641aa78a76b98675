//! Frames, violations, gaps and ends: a line each.

use super::Text;
use super::line::{put_item, put_name, put_within_item};
use crate::output::spool::Spool;
use crate::output::style::{self, BOLD, DIM, PLAIN, WARNING};
use crate::output::time::span;
use crate::output::write::{counted, grouped};
use crate::types::{Counts, End, EndState, Event, Frame, Gap, NextFrame, Violation};

impl Text {
    pub(super) fn frame(&mut self, event: &Event<'_>, frame: &Frame, out: &mut Spool) {
        let mut page = self.event_line(event, Some(frame.from), out);
        put_name(&mut page, DIM, "frame");
        put_item(&mut page, DIM, &frame.opcode.to_string());
        put_item(&mut page, DIM, &counted(frame.length, "byte"));
        put_item(&mut page, DIM, if frame.fin { "fin" } else { "no fin" });
        if frame.rsv != 0 {
            put_item(&mut page, DIM, &format!("rsv {:03b}", frame.rsv));
        }
        if let Some(masking_key) = frame.masking_key {
            put_item(&mut page, DIM, &format!("mask {:08x}", u32::from_be_bytes(masking_key)));
        }
        put_item(&mut page, DIM, &format!("at {}", grouped(frame.offset)));
        page.end_row();
    }

    pub(super) fn violation(
        &mut self,
        event: &Event<'_>,
        violation: &Violation<'_>,
        out: &mut Spool,
    ) {
        let rule = violation.rule;
        let (sign, color) = style::severity(rule.severity());
        let mut page = self.event_line(event, violation.from, out);
        page.put(color, &format!("{sign} {}", rule.severity()));
        put_item(&mut page, color, rule.name());
        put_item(&mut page, DIM, rule.reference());
        page.part();
        page.break_between_words();
        put_within_item(&mut page, PLAIN, violation.detail);
        page.end_row();
    }

    pub(super) fn gap(&mut self, event: &Event<'_>, gap: &Gap, out: &mut Spool) {
        let mut page = self.event_line(event, Some(gap.from), out);
        put_name(&mut page, WARNING, "gap");
        let lost = match gap.bytes {
            Some(bytes) => format!("{} missing from the capture", counted(bytes, "byte")),
            None => "an unknown number of bytes missing from the capture".to_owned(),
        };
        put_item(&mut page, WARNING, &lost);
        match gap.next_frame {
            NextFrame::Known => {}
            NextFrame::Inferred => put_item(&mut page, WARNING, "next frame found by its bytes"),
            NextFrame::Lost => put_item(&mut page, WARNING, "next frame not found"),
        }
        if gap.undecoded > 0 {
            let undecoded = counted(gap.undecoded, "byte");
            put_item(&mut page, WARNING, &format!("{undecoded} after it not decoded"));
        }
        page.end_row();
    }

    pub(super) fn end(&mut self, event: &Event<'_>, end: &End, out: &mut Spool) {
        let mut page = self.event_line(event, None, out);
        put_name(&mut page, BOLD, "end");
        let (state, color) = match end.state {
            EndState::Closed => ("closed", PLAIN),
            EndState::TcpClosed => ("TCP closed without both Close frames", PLAIN),
            EndState::Evicted => ("given up: a limit was reached", WARNING),
            EndState::Open => ("still open", PLAIN),
        };
        put_item(&mut page, color, state);
        if let Some(duration) = end.duration {
            put_item(&mut page, PLAIN, &span(duration));
        }
        let [client, server] =
            if self.options.compact { ["→", "←"] } else { ["client →", "← server"] };
        put_item(&mut page, PLAIN, &format!("{client} {}", sent(&end.client)));
        put_item(&mut page, PLAIN, &format!("{server} {}", sent(&end.server)));
        page.end_row();
    }
}

/// `3 messages, 1,234 bytes`
fn sent(counts: &Counts) -> String {
    format!("{}, {}", counted(counts.messages, "message"), counted(counts.bytes, "byte"))
}
