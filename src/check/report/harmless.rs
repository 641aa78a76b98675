//! Text that no log of a CI system takes for a command.

use crate::output::escaped;

/// `text` on one line, without hazardous characters, and without what systems that
/// read logs take for commands: `::` at the beginning, and `##[`, `##vso[`,
/// `##teamcity[` anywhere. The first sign of each is told by its number.
///
/// GitHub's runner ignores white space before `::`, and looks for `##[` anywhere:
/// an indentation keeps neither from it. Behind anything else `::` is part of an
/// address or of a filter, which people copy.
pub(super) fn harmless(text: &str) -> String {
    let line = escaped(text);
    let mut safe = String::with_capacity(line.len());
    let mut is_begun = false;
    for (at, c) in line.char_indices() {
        let rest = line.get(at..).unwrap_or_default();
        match c {
            ':' if !is_begun && rest.starts_with("::") => safe.push_str("\\x3a"),
            '#' if is_service_message(rest) => safe.push_str("\\x23"),
            _ => safe.push(c),
        }
        is_begun |= !c.is_whitespace();
    }
    safe
}

/// The longest word between `##` and `[` that is looked at.
const LONGEST_WORD: usize = 32;

/// Whether a text begins with what some system takes for a command wherever it is.
pub(super) fn is_service_message(text: &str) -> bool {
    text.strip_prefix("##").is_some_and(|rest| {
        let word = rest.bytes().take(LONGEST_WORD).take_while(u8::is_ascii_alphanumeric).count();
        rest.as_bytes().get(word) == Some(&b'[')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_broken_up() {
        assert_eq!(harmless("::error::x"), "\\x3a:error::x");
        assert_eq!(harmless(" \u{a0}::add-mask::x"), " \u{a0}\\x3a:add-mask::x");
        assert_eq!(harmless("a ##[error]x"), "a \\x23#[error]x");
        assert_eq!(harmless("###[error]x"), "#\\x23#[error]x");
        assert_eq!(harmless("##vso[task.setvariable]"), "\\x23#vso[task.setvariable]");
        assert_eq!(harmless("a\n::error::x\x1b"), "a\\n::error::x\\x1b");
    }

    #[test]
    fn what_is_none_stays_as_it_is() {
        for text in [
            "ws://[::1]:80/a",
            "at [::1]:80",
            "ip.addr == ::1",
            "a ::b::c",
            "## Title",
            "a::b",
            "#[x]",
            "## [x]",
            "é",
        ] {
            assert_eq!(harmless(text), text);
        }
    }
}
