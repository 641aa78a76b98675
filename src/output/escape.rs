//! Which characters may not reach a terminal as they are, and what is shown
//! in their place.

/// Whether `c` could steer a terminal, reorder the text around it, or hide.
///
/// These are the control characters C0, DEL and C1, the line separators, the
/// bidirectional controls, and what Unicode ignores by default when it shows
/// text (`Default_Ignorable_Code_Point`) or uses as other format characters.
/// The selectors that tell an emoji from a plain sign and the joiners between
/// letters and emoji are left alone: many scripts need them, and they only
/// choose between two pictures.
pub(super) const fn is_hazardous(c: char) -> bool {
    match c {
        ' '..='~' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        '\u{fe0e}' | '\u{fe0f}' | '\u{200c}' | '\u{200d}' => false,
        '\u{ad}'
        | '\u{34f}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

/// What stands for a hazardous character: a few characters of printable ASCII.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Escape {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl Escape {
    /// `\ud834\udd73`
    const LONGEST: usize = 12;

    /// As people read it: `\r`, `\x1b`, `\u{202e}`.
    pub(super) fn plain(c: char) -> Self {
        let mut escape = Self::default();
        match c {
            '\n' => escape.push(b"\\n"),
            '\r' => escape.push(b"\\r"),
            '\t' => escape.push(b"\\t"),
            '\0'..='\u{7f}' => {
                escape.push(b"\\x");
                escape.push_hex(c.into(), 2);
            }
            _ => {
                let digits = u32::from(c).ilog2() / 4 + 1;
                escape.push(b"\\u{");
                escape.push_hex(c.into(), digits);
                escape.push(b"}");
            }
        }
        escape
    }

    /// As a JSON string has it: `\u001b`, and `\ud834\udd73` beyond U+FFFF.
    pub(super) fn json(c: char) -> Self {
        let mut escape = Self::default();
        for unit in c.encode_utf16(&mut [0; 2]) {
            escape.push(b"\\u");
            escape.push_hex(u32::from(*unit), 4);
        }
        escape
    }

    /// The escape's characters.
    pub(super) fn as_str(&self) -> &str {
        self.bytes
            .get(..self.length)
            .and_then(|bytes| str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// Appends ASCII. An escape is never longer than its room.
    fn push(&mut self, ascii: &[u8]) {
        let end = self.length + ascii.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(ascii);
            self.length = end;
        }
    }

    fn push_hex(&mut self, value: u32, digits: u32) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for place in (0..digits).rev() {
            self.push(&[DIGITS[(value >> (4 * place) & 0xf) as usize]]);
        }
    }
}

/// `text` on one line, its hazardous characters escaped.
pub fn one_line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hazardous(c) {
            safe.push_str(Escape::plain(c).as_str());
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_reorders_or_hides_is_hazardous() {
        for c in "\0\t\n\r\x1b\x7f\u{80}\u{9b}\u{9f}\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\
                  \u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{3164}\u{feff}\u{fff9}\
                  \u{e0001}\u{e0041}\u{e01ef}"
            .chars()
        {
            assert!(is_hazardous(c), "{c:?}");
        }
        for c in " ~aé日“”…→❤\u{fe0f}🎉\u{200d}\u{200c}\u{301}\u{a0}\u{202f}\u{e000}".chars()
        {
            assert!(!is_hazardous(c), "{c:?}");
        }
    }

    #[test]
    fn escapes_fit_and_are_printable() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| is_hazardous(*c)) {
            for escape in [Escape::plain(c), Escape::json(c)] {
                let text = escape.as_str();
                assert!(text.len() >= 2, "{c:?}");
                assert!(text.bytes().all(|b| b.is_ascii_graphic()), "{c:?}");
            }
        }
        assert_eq!(Escape::plain('\u{e0001}').as_str(), "\\u{e0001}");
        assert_eq!(Escape::json('\u{e0001}').as_str(), "\\udb40\\udc01");
        assert_eq!(Escape::json('\u{7f}').as_str(), "\\u007f");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(one_line("a\nb\t\x1b[31m\u{202e}\u{85}é"), "a\\nb\\t\\x1b[31m\\u{202e}\\u{85}é");
    }
}
