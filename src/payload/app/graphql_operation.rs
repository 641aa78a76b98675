//! Which operation a GraphQL document is about (GraphQL, October 2021, §2).

/// How an operation is defined.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation<'a> {
    /// `query`, `mutation` or `subscription`.
    kind: &'a str,
    pub(super) name: Option<&'a str>,
}

impl Operation<'_> {
    /// As documents write it.
    pub(super) fn head(&self) -> String {
        match self.name {
            Some(name) => format!("{} {name}", self.kind),
            None => self.kind.to_owned(),
        }
    }
}

/// The operation of this name, and without a name, or where there is none of it, the
/// first.
pub(super) fn operation<'a>(document: &'a str, name: Option<&str>) -> Option<Operation<'a>> {
    let mut tokens = Tokens { rest: document };
    let mut first = None;
    while let Some(operation) = next_operation(&mut tokens) {
        if name.is_none() || operation.name == name {
            return Some(operation);
        }
        first = first.or(Some(operation));
    }
    first
}

/// Whether a text can be nothing but a document. A search for `query planner` or in
/// `{"match":1}` only begins like one.
pub(super) fn is_document(text: &str) -> bool {
    let is_name = |token: Option<&str>| {
        token.is_some_and(|token| {
            token.starts_with(is_of_name) && !token.starts_with(|one: char| one.is_ascii_digit())
        })
    };
    let mut tokens = Tokens { rest: text };
    let is_whole = match tokens.next() {
        Some("{") => match (tokens.next(), tokens.next()) {
            // An alias and the field that has it (§2.7).
            (alias, Some(":")) => is_name(alias) && is_name(tokens.next()),
            (field, Some(_)) => is_name(field) || field == Some("."),
            (_, None) => false,
        },
        Some("query" | "mutation" | "subscription") => {
            tokens.next_name();
            matches!(tokens.next(), Some("{" | "(" | "@"))
        }
        Some("fragment") => true,
        _ => false,
    };
    is_whole && operation(text, None).is_some()
}

/// The next one, passing fragments (§2.3).
fn next_operation<'a>(tokens: &mut Tokens<'a>) -> Option<Operation<'a>> {
    loop {
        let kind = tokens.next()?;
        match kind {
            // The short form of a query (§2.3).
            "{" => {
                tokens.skip_to_closing(1);
                return Some(Operation { kind: "query", name: None });
            }
            "query" | "mutation" | "subscription" => {
                let name = tokens.next_name();
                tokens.skip_to_closing(0);
                return Some(Operation { kind, name });
            }
            "fragment" => tokens.skip_to_closing(0),
            _ => return None,
        }
    }
}

/// Names, and each punctuator alone; the rest is passed (§2.1).
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', ',', '\u{feff}']);
            let first = rest.chars().next()?;
            let length = match first {
                '#' => rest.find(['\r', '\n']).unwrap_or(rest.len()),
                '"' => string_length(rest),
                _ if is_of_name(first) => rest.find(|one| !is_of_name(one)).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            let (token, after) = rest.split_at_checked(length)?;
            self.rest = after;
            if !matches!(first, '#' | '"') {
                return Some(token);
            }
        }
    }
}

impl<'a> Tokens<'a> {
    fn next_name(&mut self) -> Option<&'a str> {
        let before = self.rest;
        let name = self.next().filter(|token| token.starts_with(is_of_name));
        if name.is_none() {
            self.rest = before;
        }
        name
    }

    /// Goes on behind the selection set that comes next, or that ends where
    /// `depth` braces are closed. Those of default values are in parentheses.
    fn skip_to_closing(&mut self, mut depth: usize) {
        let mut parentheses = 0_usize;
        for token in self.by_ref() {
            match token {
                "(" => parentheses += 1,
                ")" => parentheses = parentheses.saturating_sub(1),
                "{" if parentheses == 0 => depth += 1,
                "}" if parentheses == 0 => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_of_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_'
}

/// How long the string is that stands here (§2.9.4).
fn string_length(text: &str) -> usize {
    let (quote, escape) = match text.starts_with("\"\"\"") {
        true => ("\"\"\"", "\\\"\"\""),
        false => ("\"", "\\"),
    };
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        if rest.starts_with(escape) {
            at += escape.len();
            // A quote that is escaped in a string that has no lines.
            at += if quote.len() == 1 { 1 } else { 0 };
        } else {
            at += 1;
        }
        while !text.is_char_boundary(at) && at < text.len() {
            at += 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(document: &str, name: Option<&str>) -> Option<String> {
        operation(document, name).map(|operation| operation.head())
    }

    #[test]
    fn heads() {
        for (document, expected) in [
            ("{ field }", "query"),
            ("query { field }", "query"),
            ("query Name { field }", "query Name"),
            (
                "\u{feff} # query Not\r\n,mutation _like1($id: ID = {a: \"}\"}) @x { a }",
                "mutation _like1",
            ),
            ("subscription\tNews{a}", "subscription News"),
            ("fragment F on T { a(b: \"\\\"}\") { c } } query Name { ...F }", "query Name"),
            (
                "fragment F on T { a(b: \"\"\"\"} \\\"\"\" é } \"\"\") } query Name { ...F }",
                "query Name",
            ),
            ("query Name", "query Name"),
            ("query @skip(if: true) { a }", "query"),
        ] {
            assert_eq!(head(document, None).as_deref(), Some(expected), "{document}");
        }
        for document in ["", "#", "cats", "fragment F on T { a }", "\"", "\"\\", "é", "fragment"] {
            assert_eq!(head(document, None), None, "{document}");
        }
    }

    #[test]
    fn what_can_be_nothing_but_a_document() {
        for document in [
            "{ field }",
            "{...F}",
            "# cats\n{ alias: field }",
            "query { field }",
            "subscription News @live { a }",
            "mutation Add($a: I = {x: 1}) { a }",
            "fragment F on T { a } query { ...F }",
        ] {
            assert!(is_document(document), "{document}");
        }
        for other in [
            "",
            "query",
            "query planner",
            "subscription to news",
            "fragment F on T { a }",
            "{",
            "{}",
            "{ match: 1 }",
            "{\"match\":1}",
            "{ 1 }",
        ] {
            assert!(!is_document(other), "{other}");
        }
    }

    #[test]
    fn one_of_several() {
        let document = "query A($x: I = {y: 1}) { a { b } } { c } mutation B { d }";
        for (name, expected) in [
            (None, "query A"),
            (Some("A"), "query A"),
            (Some("B"), "mutation B"),
            (Some("C"), "query A"),
        ] {
            assert_eq!(head(document, name).as_deref(), Some(expected), "{name:?}");
        }
    }

    #[test]
    fn cut_anywhere() {
        let document =
            "fragment F on T { a(b: \"\"\"é\"\"\", c: \"\\\"é\") } query Name { ...F } # é";
        for end in (0..document.len()).filter(|end| document.is_char_boundary(*end)) {
            let found = operation(&document[..end], Some("Name"));
            assert!(found.is_none_or(|operation| operation.kind == "query"), "{end}");
        }
    }
}
