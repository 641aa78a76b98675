//! JSON laid out for reading.

use anstyle::Style;

use super::style::{KEY, LITERAL, NUMBER, STRING};
use super::wrap::Page;
use crate::types::ascii;
use unicode_width::UnicodeWidthStr as _;

/// Writes `json`, which is valid, behind `left` spaces: members and elements
/// on lines of their own, indented by two, but what fits on a line stays on
/// it, and numbers fill lines. Tokens stay exactly as sent. How many bytes were
/// left when the page was full.
pub(super) fn pretty(page: &mut Page<'_>, json: &str, left: usize) -> usize {
    let mut printer = Printer { page, left, is_folded: false, open: Vec::new(), dropped: 0 };
    printer.begin_line();
    let dropped = printer.print(Tokens { rest: json, longest: usize::MAX });
    page.end();
    dropped
}

/// The same on the line at hand, which is folded where it does not fit.
pub(super) fn folded(page: &mut Page<'_>, json: &str) -> usize {
    let mut printer = Printer { page, left: 0, is_folded: true, open: Vec::new(), dropped: 0 };
    printer.print(Tokens { rest: json, longest: usize::MAX })
}

/// Containers longer than this are spread out however wide the terminal is:
/// long lines are hard to read.
const LONGEST_LINE: usize = 80;

/// No character takes more than four bytes, and few take no column.
const BYTES_PER_COLUMN: usize = 4;

/// How far away the end of a container may be that stays on its line: white
/// space takes no columns, but may be passed over once for each container.
const FARTHEST_END: usize = 4 << 10;

struct Printer<'p, 'o> {
    page: &'p mut Page<'o>,
    left: usize,
    /// All of it stays on one line.
    is_folded: bool,
    /// The containers around the next token.
    open: Vec<Container>,
    /// Bytes of tokens that the page had no room for.
    dropped: usize,
}

#[derive(Clone, Copy)]
struct Container {
    object: bool,
    one_line: bool,
}

impl Printer<'_, '_> {
    /// Writes the tokens; the last line stays open.
    fn print(&mut self, mut tokens: Tokens<'_>) -> usize {
        let mut expect_key = false;
        while let Some(token) = tokens.next() {
            match token {
                Token::Open { object } => {
                    self.sign(if object { "{" } else { "[" });
                    if let Some(end) = tokens.next_close() {
                        self.close(end);
                    } else {
                        let one_line = self.on_one_line() || self.fits(&tokens, object);
                        self.open.push(Container { object, one_line });
                        expect_key = object;
                        self.new_line_unless(one_line);
                    }
                }
                Token::Close { object } => {
                    let one_line = self.open.pop().is_none_or(|container| container.one_line);
                    self.new_line_unless(one_line);
                    self.close(object);
                }
                Token::Comma => expect_key = self.comma(&tokens),
                Token::Colon => {
                    self.sign(": ");
                    expect_key = false;
                }
                Token::String(text, printable) => {
                    let style = if expect_key { KEY } else { STRING };
                    if printable {
                        self.printable(style, text);
                    } else {
                        self.dropped += text.len() - self.page.put_json(style, text);
                    }
                    if expect_key && tokens.take_sign(b':') {
                        self.sign(": ");
                        expect_key = false;
                    }
                }
                Token::Number(text) => self.printable(NUMBER, text),
                Token::Literal(text) => self.printable(LITERAL, text),
                Token::Other(text) => {
                    self.dropped += text.len() - self.page.put_json(LITERAL, text);
                }
            }
            if tokens.take_sign(b',') {
                expect_key = self.comma(&tokens);
            }
            if self.page.is_full() {
                break;
            }
            if self.is_folded {
                self.page.relieve();
            }
        }
        tokens.skip_white();
        self.dropped + tokens.rest.len()
    }

    /// Writes a token of one sign, and the space after it.
    fn sign(&mut self, text: &'static str) {
        if self.page.put_own(text) == 0 {
            self.dropped += 1;
        }
    }

    fn printable(&mut self, style: Style, text: &str) {
        self.dropped += text.len() - self.page.put_printable(style, text);
    }

    /// Writes a comma and what parts it from the `tokens` that follow. Returns
    /// whether that is a key.
    fn comma(&mut self, tokens: &Tokens<'_>) -> bool {
        self.sign(",");
        let Some(Container { object, one_line }) = self.open.last().copied() else {
            self.new_line_unless(self.is_folded);
            return false;
        };
        if self.page.is_full() {
            return object;
        }
        if one_line || !object && self.number_fits(tokens) {
            self.page.put_own(" ");
        } else {
            self.new_line();
        }
        object
    }

    fn close(&mut self, object: bool) {
        self.sign(if object { "}" } else { "]" });
    }

    fn begin_line(&mut self) {
        let indent = self.left.saturating_add(2 * self.open.len());
        self.page.begin(indent, indent + 2);
        self.page.break_between_words();
    }

    fn new_line_unless(&mut self, same_line: bool) {
        if !same_line {
            self.new_line();
        }
    }

    fn new_line(&mut self) {
        if self.page.is_full() {
            return;
        }
        self.page.end();
        if !self.page.is_full() {
            self.begin_line();
        }
    }

    fn on_one_line(&self) -> bool {
        self.is_folded || self.open.last().is_some_and(|container| container.one_line)
    }

    /// Columns that the line still has.
    fn room(&self) -> usize {
        let width = self.page.width().map_or(LONGEST_LINE, |width| width.min(LONGEST_LINE));
        width.saturating_sub(self.page.column())
    }

    /// Whether the rest of the container whose `tokens` follow, and a comma
    /// after it, fit on this line. Looks no further than [`FARTHEST_END`].
    fn fits(&self, tokens: &Tokens<'_>, object: bool) -> bool {
        let mut room = self.room().saturating_sub(1);
        if tokens.is_longer_than(room, object) {
            return false;
        }
        let mut depth = 1_usize;
        let near = tokens.within(FARTHEST_END);
        for token in near.no_longer_than(room.saturating_mul(BYTES_PER_COLUMN)) {
            match token {
                Token::Open { .. } => depth += 1,
                Token::Close { .. } => depth -= 1,
                _ => {}
            }
            let Some(rest) =
                token.columns_within(room).and_then(|columns| room.checked_sub(columns))
            else {
                return false;
            };
            room = rest;
            if depth == 0 {
                return true;
            }
        }
        false
    }

    /// Whether the next element of an array is, after a number, another one
    /// that still fits on this line.
    fn number_fits(&self, tokens: &Tokens<'_>) -> bool {
        match tokens.no_longer_than(0).next() {
            Some(Token::Number(text)) => text.len() + 2 < self.room(),
            _ => false,
        }
    }
}

enum Token<'a> {
    /// Of an object or an array.
    Open {
        object: bool,
    },
    Close {
        object: bool,
    },
    Comma,
    Colon,
    /// Quotes included, and whether all of it is printable ASCII.
    String(&'a str, bool),
    Number(&'a str),
    /// `true`, `false`, `null`.
    Literal(&'a str),
    /// A character that has no place in JSON.
    Other(&'a str),
}

impl Token<'_> {
    /// Columns that it takes on a line, the space after it included; `None`
    /// when that is more than `room` without a close look.
    fn columns_within(&self, room: usize) -> Option<usize> {
        match self {
            Token::Open { .. } | Token::Close { .. } => Some(1),
            Token::Comma | Token::Colon => Some(2),
            Token::String(text, true) | Token::Number(text) | Token::Literal(text) => {
                Some(text.len())
            }
            Token::String(text, false) | Token::Other(text) => {
                let is_near = text.len() <= room.saturating_mul(BYTES_PER_COLUMN);
                is_near.then(|| text.width())
            }
        }
    }
}

/// The tokens of a JSON document. Of what is not JSON it makes tokens all the
/// same, so that nothing is lost.
#[derive(Clone, Copy)]
struct Tokens<'a> {
    rest: &'a str,
    /// Where the end of a string is further away than so many bytes, it is not
    /// looked for: the string is as long as the document.
    longest: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    #[inline]
    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_white();
        let bytes = self.rest.as_bytes();
        let token = match bytes.first()? {
            b'{' => Token::Open { object: true },
            b'[' => Token::Open { object: false },
            b'}' => Token::Close { object: true },
            b']' => Token::Close { object: false },
            b',' => Token::Comma,
            b':' => Token::Colon,
            b'"' => {
                let near = bytes.get(..self.longest).unwrap_or(bytes);
                let (length, printable) = string_length(near).unwrap_or((bytes.len(), false));
                return Some(Token::String(self.take(length), printable));
            }
            b'-' | b'0'..=b'9' => return Some(Token::Number(self.take(number_length(bytes)))),
            b'a'..=b'z' => {
                let length = bytes.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
                return Some(Token::Literal(self.take(length)));
            }
            _ => {
                let length = self.rest.chars().next().map_or(1, char::len_utf8);
                return Some(Token::Other(self.take(length)));
            }
        };
        self.take(1);
        Some(token)
    }
}

impl<'a> Tokens<'a> {
    /// Those in the next so many bytes, of which the last may be cut.
    fn within(self, bytes: usize) -> Self {
        let mut end = self.rest.len().min(bytes);
        while !self.rest.is_char_boundary(end) {
            end -= 1;
        }
        Self { rest: self.rest.get(..end).unwrap_or_default(), ..self }
    }

    /// The same, for one who has no use for a string of more than so many bytes.
    fn no_longer_than(self, bytes: usize) -> Self {
        Self { longest: bytes.saturating_add(1), ..self }
    }

    /// Takes `sign`, one of ASCII, if it is next: what follows most tokens is no
    /// surprise, and found sooner like this.
    #[inline]
    fn take_sign(&mut self, sign: u8) -> bool {
        let is_next = self.rest.as_bytes().first() == Some(&sign);
        if is_next {
            self.take(1);
        }
        is_next
    }

    /// Takes the end of a container, if that is next: of an object or an array.
    fn next_close(&mut self) -> Option<bool> {
        self.skip_white();
        let object = match self.rest.as_bytes().first()? {
            b'}' => true,
            b']' => false,
            _ => return None,
        };
        self.take(1);
        Some(object)
    }

    /// Whether it is plain to see that the container takes more than so many
    /// columns: as many bytes follow of which each takes one, and none of which
    /// ends it.
    fn is_longer_than(&self, columns: usize, object: bool) -> bool {
        let end = if object { b'}' } else { b']' };
        self.rest.as_bytes().get(..columns).is_some_and(|bytes| {
            // To the end in any case: that takes less time than to stop early.
            bytes.iter().fold(true, |all, byte| all & matches!(byte, b'!'..=b'~') & (*byte != end))
        })
    }

    #[inline]
    fn skip_white(&mut self) {
        let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let bytes = self.rest.as_bytes();
        if bytes.first().is_some_and(is_white) {
            self.take(bytes.iter().take_while(|byte| is_white(byte)).count());
        }
    }

    #[inline]
    fn take(&mut self, length: usize) -> &'a str {
        let (token, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        token
    }
}

/// Bytes of the number that `bytes` begin with.
fn number_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += ascii::digits(bytes, at);
        match bytes.get(at) {
            Some(b'-' | b'+' | b'.' | b'e' | b'E') => at += 1,
            _ => return at,
        }
    }
}

/// Bytes of the string that `bytes` begin with, both quotes included, and
/// whether all of them are printable ASCII.
fn string_length(bytes: &[u8]) -> Option<(usize, bool)> {
    let mut at = 1;
    let mut printable = true;
    loop {
        at += ascii::unquoted(bytes, at);
        match bytes.get(at)? {
            b'"' => return Some((at + 1, printable)),
            // What is escaped takes a look of its own, unless it is a quote or
            // a backslash, which the look would end at.
            b'\\' => match bytes.get(at + 1)? {
                b'"' | b'\\' => at += 2,
                _ => at += 1,
            },
            _ => {
                printable = false;
                // Text that is not ASCII is seldom so for a character only.
                at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Spool;
    use crate::output::samples::{columns, json_document, without_colors};
    use insta::assert_snapshot;
    use proptest::prelude::*;

    fn printed(json: &str, width: Option<usize>, color: bool) -> String {
        let mut out = Spool::default();
        pretty(&mut Page::new(&mut out, width, color), json, 4);
        String::from_utf8(out.into_bytes()).unwrap()
    }

    const EXECUTE_REQUEST: &str = r#"{"header":{"msg_id":"5a7d31fc","msg_type":"execute_request","username":"","session":"0b1e","date":"2018-12-26T06:54:46.729Z"},"metadata":{},"content":{"code":"print('a fairly long line of code that someone typed into a cell')","silent":false,"allow_stdin":true},"buffers":[],"parent_header":{},"channel":"shell"}"#;

    #[test]
    fn short_things_stay_on_a_line() {
        assert_snapshot!(printed(EXECUTE_REQUEST, None, false), @r#"
        {
          "header": {
            "msg_id": "5a7d31fc",
            "msg_type": "execute_request",
            "username": "",
            "session": "0b1e",
            "date": "2018-12-26T06:54:46.729Z"
          },
          "metadata": {},
          "content": {
            "code": "print('a fairly long line of code that someone typed into a cell')",
            "silent": false,
            "allow_stdin": true
          },
          "buffers": [],
          "parent_header": {},
          "channel": "shell"
        }
        "#);
        assert_snapshot!(printed(EXECUTE_REQUEST, Some(60), false), @r#"
        {
          "header": {
            "msg_id": "5a7d31fc",
            "msg_type": "execute_request",
            "username": "",
            "session": "0b1e",
            "date": "2018-12-26T06:54:46.729Z"
          },
          "metadata": {},
          "content": {
            "code": "print('a fairly long line of code that 
              someone typed into a cell')",
            "silent": false,
            "allow_stdin": true
          },
          "buffers": [],
          "parent_header": {},
          "channel": "shell"
        }
        "#);
        assert_snapshot!(printed(r#"{"id":1,"params":[1,{"a":[]}],"ok":true}"#, None, false), @r#"
            {"id": 1, "params": [1, {"a": []}], "ok": true}
        "#);
        assert_snapshot!(printed("5", None, false), @r#"
            5
        "#);
    }

    #[test]
    fn numbers_fill_lines() {
        let numbers: Vec<String> = (0..40).map(|n| (n * 97).to_string()).collect();
        let json = format!(r#"{{"samples":[{}],"of":[1,"two",3]}}"#, numbers.join(","));
        assert_snapshot!(printed(&json, None, false), @r#"
        {
          "samples": [
            0, 97, 194, 291, 388, 485, 582, 679, 776, 873, 970, 1067, 1164, 1261,
            1358, 1455, 1552, 1649, 1746, 1843, 1940, 2037, 2134, 2231, 2328, 2425,
            2522, 2619, 2716, 2813, 2910, 3007, 3104, 3201, 3298, 3395, 3492, 3589,
            3686, 3783
          ],
          "of": [1, "two", 3]
        }
        "#);
    }

    #[test]
    fn an_end_far_away_is_not_looked_for() {
        let apart = |spaces| {
            let space = " ".repeat(spaces);
            printed(&format!("[1,{space}2{space}]"), None, false).lines().count()
        };
        assert_eq!([0, 1, FARTHEST_END / 3, FARTHEST_END / 2, 1 << 20].map(apart), [1, 1, 1, 3, 3]);
        // Wherever it is cut: what is left of a token is not taken for the end.
        for spaces in FARTHEST_END - 16..FARTHEST_END + 4 {
            let space = " ".repeat(spaces);
            for rest in ["\"é日\"]", "12345]", "[]]"] {
                let document = format!("[0,{space}{rest}");
                let is_near = document.len() <= "[".len() + FARTHEST_END;
                let lines = printed(&document, None, false).lines().count();
                assert_eq!(lines == 1, is_near, "{spaces} {rest}");
            }
        }
    }

    #[test]
    fn colors() {
        assert_snapshot!(printed(r#"{"a":["s",1e400,null]}"#, None, true).replace('\x1b', "␛"), @r#"
            {␛[36m"a"␛[0m: [␛[32m"s"␛[0m, ␛[33m1e400␛[0m, ␛[35mnull␛[0m]}
        "#);
    }

    #[test]
    fn hazardous_characters_become_escapes_of_json() {
        assert_snapshot!(printed("{\"\u{202e}a\":\"\u{7f}\u{feff}\u{e0001}\"}", None, false), @r#"
            {"\u202ea": "\u007f\ufeff\udb40\udc01"}
        "#);
    }

    #[test]
    fn deep_documents_stay_within_the_width() {
        let json = "[".repeat(128) + &"x".repeat(0) + &"]".repeat(128);
        let json = json.replace("[]", &format!("[{}]", r#""some words that are too long to fit""#));
        for line in printed(&json, Some(40), false).lines() {
            assert!(columns(line) <= 40, "{line}");
        }
    }

    #[test]
    fn what_is_not_json_ends_too() {
        for text in ["", "\"", "\"\\", "}}", ",,::", "[", "é\u{202e}"] {
            printed(text, Some(20), false);
        }
    }

    proptest! {
        #[test]
        fn tokens_are_preserved_within_the_width((json, plain) in json_document(), width in 20_usize..100) {
            let unbounded = printed(&json, None, false);
            let mut compacted = Spool::default();
            crate::output::compact::compact(&mut compacted, crate::types::JsonText::new(&unbounded));
            prop_assert_eq!(String::from_utf8(compacted.into_bytes()).unwrap(), plain);

            let wrapped = printed(&json, Some(width), true);
            for line in without_colors(&wrapped).lines() {
                prop_assert!(columns(line) <= width, "{}", line);
            }
        }
    }
}
