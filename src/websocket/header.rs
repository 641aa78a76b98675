//! Header fields of the handshake: lists, tokens and the grammar of
//! `Sec-WebSocket-Extensions` (RFC 9110 §5.6, RFC 6455 §9.1).

use crate::types::Header;

/// Characters of a value that a sentence shows.
const SHOWN: usize = 100;

/// White space around the parts of a value (RFC 9110 §5.6.3).
const SPACE: [char; 2] = [' ', '\t'];

/// The values of all headers of that name, whatever its case.
pub(super) fn values<'a>(headers: &'a [Header], name: &str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

/// Whether there is a header of that name.
pub(super) fn has(headers: &[Header], name: &str) -> bool {
    values(headers, name).next().is_some()
}

/// The value of all headers of that name together (RFC 9110 §5.3).
pub(super) fn combined(headers: &[Header], name: &str) -> Option<String> {
    has(headers, name).then(|| values(headers, name).collect::<Vec<_>>().join(", "))
}

/// The elements of a list of tokens, empty ones included.
pub(super) fn elements(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(|element| element.trim_matches(SPACE))
}

/// Whether a list of tokens has `token`, whatever its case.
pub(super) fn has_token(value: &str, token: &str) -> bool {
    elements(value).any(|element| element.eq_ignore_ascii_case(token))
}

/// Whether a value is a token (RFC 9110 §5.6.2).
pub(super) fn is_token(value: &str) -> bool {
    !value.is_empty() && value.chars().all(is_token_character)
}

fn is_token_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

/// What a value of `Sec-WebSocket-Extensions` breaks of its grammar, as the end
/// of a sentence.
///
/// ```text
/// 1#( token *( ";" token [ "=" ( token / quoted-string ) ] ) )
/// ```
///
/// The list is that of RFC 2616 §2.1: elements may be empty, but not all.
pub(super) fn judge_extensions(value: &str) -> Result<(), String> {
    let mut cursor = Cursor { value, rest: value.trim_start_matches(SPACE) };
    let mut is_empty = true;
    loop {
        if !cursor.rest.starts_with(',') && !cursor.rest.is_empty() {
            cursor.extension()?;
            is_empty = false;
        }
        if !cursor.take(',') {
            break;
        }
    }
    match cursor.rest {
        "" if is_empty => cursor.error("names no extension"),
        "" => Ok(()),
        _ => cursor.error("has a character out of place"),
    }
}

/// Reads a value from left to right; white space after what was read is passed.
struct Cursor<'a> {
    value: &'a str,
    rest: &'a str,
}

impl Cursor<'_> {
    fn extension(&mut self) -> Result<(), String> {
        self.token("lacks the name of an extension")?;
        while self.take(';') {
            self.token("lacks the name of a parameter")?;
            if !self.take('=') {
                continue;
            }
            if self.rest.starts_with('"') {
                self.quoted()?;
            } else {
                self.token("lacks the value of a parameter")?;
            }
        }
        Ok(())
    }

    fn token(&mut self, problem: &str) -> Result<(), String> {
        let rest = self.rest.trim_start_matches(is_token_character);
        if rest.len() == self.rest.len() {
            return self.error(problem);
        }
        self.rest = rest.trim_start_matches(SPACE);
        Ok(())
    }

    /// A quoted string, whose text has to be a token.
    fn quoted(&mut self) -> Result<(), String> {
        let mut characters = self.rest.char_indices().skip(1);
        let mut text = String::new();
        let end = loop {
            match characters.next() {
                None => return self.error("lacks the end of a quoted value"),
                Some((end, '"')) => break end,
                Some((_, '\\')) => text.extend(characters.next().map(|(_, escaped)| escaped)),
                Some((_, character)) => text.push(character),
            }
        };
        if !is_token(&text) {
            return self.error("has a quoted value that is not a token");
        }
        self.rest = self.rest.get(end + 1..).unwrap_or_default().trim_start_matches(SPACE);
        Ok(())
    }

    fn take(&mut self, separator: char) -> bool {
        let Some(rest) = self.rest.strip_prefix(separator) else {
            return false;
        };
        self.rest = rest.trim_start_matches(SPACE);
        true
    }

    fn error<T>(&self, problem: &str) -> Result<T, String> {
        Err(format!("{problem} at byte {}", self.value.len() - self.rest.len()))
    }
}

/// A value from the wire as a sentence shows it: in quotes and shortened.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        None => format!("\"{value}\""),
        Some((end, _)) => format!("\"{}…\"", value.get(..end).unwrap_or_default()),
    }
}

/// Reads `Sec-WebSocket-Extensions` of simple form, for tests.
#[cfg(test)]
pub(super) fn extensions(value: &str) -> Vec<crate::types::Extension> {
    let param = |param: &str| match param.split_once('=') {
        None => (param.to_owned(), None),
        Some((name, value)) => (name.to_owned(), Some(value.trim_matches('"').to_owned())),
    };
    let extension = |element: &str| {
        let mut parts = element.split(';').map(str::trim).filter(|part| !part.is_empty());
        let name = parts.next().unwrap_or_default().to_owned();
        crate::types::Extension { name, params: parts.map(param).collect() }
    };
    elements(value).filter(|element| !element.is_empty()).map(extension).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_of_the_right_form() {
        for value in [
            "foo",
            "bar; baz=2",
            "foo, bar; baz=2",
            "deflate-stream",
            "mux; max-channels=4; flow-control, deflate-stream",
            "private-extension",
            "permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\"",
            "a;b = \"c\\d\"\t;e",
            ", a,, b,",
        ] {
            assert_eq!(judge_extensions(value), Ok(()), "{value}");
        }
    }

    #[test]
    fn extensions_of_another_form() {
        for (value, problem) in [
            ("", "names no extension at byte 0"),
            (", ,", "names no extension at byte 3"),
            ("; a", "lacks the name of an extension at byte 0"),
            ("a;", "lacks the name of a parameter at byte 2"),
            ("a;;b", "lacks the name of a parameter at byte 2"),
            ("a; =1", "lacks the name of a parameter at byte 3"),
            ("a; b=", "lacks the value of a parameter at byte 5"),
            ("a; b=,c", "lacks the value of a parameter at byte 5"),
            ("a; b=\"c", "lacks the end of a quoted value at byte 5"),
            ("a; b=\"c\\\"", "lacks the end of a quoted value at byte 5"),
            ("a; b=\"\"", "has a quoted value that is not a token at byte 5"),
            ("a; b=\"c d\"", "has a quoted value that is not a token at byte 5"),
            ("a; b=\"c\"d", "has a character out of place at byte 8"),
            ("a b", "has a character out of place at byte 2"),
            ("a; é", "lacks the name of a parameter at byte 3"),
        ] {
            assert_eq!(judge_extensions(value).unwrap_err(), problem, "{value}");
        }
    }

    #[test]
    fn long_values_are_shortened_between_characters() {
        assert_eq!(shown(&"é".repeat(100)), format!("\"{}\"", "é".repeat(100)));
        assert_eq!(shown(&"é".repeat(101)), format!("\"{}…\"", "é".repeat(100)));
    }
}
