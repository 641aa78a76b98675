//! What each rule is about, for those whose check fails: `--explain`.
//!
//! What a rule means stands with the rule; here is why it matters, and how what
//! breaks it is mended.

mod capture;
mod expectation;
mod protocol;

use std::fmt::Write;

use super::rule::CheckRule;

/// What is said of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Why it matters.
    pub why: &'static str,
    /// How what breaks it is mended.
    pub fix: &'static str,
    /// What it is like, lines of text; `None` where the meaning says enough.
    pub example: Option<&'static str>,
}

impl Explanation {
    const fn new(why: &'static str, fix: &'static str) -> Self {
        Self { why, fix, example: None }
    }

    const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }
}

impl CheckRule {
    /// Why it matters, and how what breaks it is mended.
    pub const fn explanation(self) -> Explanation {
        match self {
            Self::Protocol(rule) => protocol::explanation(rule),
            Self::Capture(rule) => capture::explanation(rule),
            Self::Expectation(rule) => expectation::explanation(rule),
        }
    }

    /// All that is said of it, for people.
    pub fn explained(self) -> String {
        let Explanation { why, fix, example } = self.explanation();
        let mut text = format!("{self} ({}", self.severity());
        if let Some(reference) = self.reference() {
            text += ", ";
            text += reference;
        }
        text += ")\n";
        let mut part = |title: &str, body: &str| {
            let lines = folded(body);
            // Writing to a string never fails.
            let _ = write!(text, "\n{title}\n{lines}");
        };
        part("What it means", self.meaning());
        part("Why it matters", why);
        part("How it is fixed", fix);
        if let Some(example) = example {
            text += "\nExample\n";
            for line in example.lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        text
    }

    /// Every rule, with its severity and what it means, a line each.
    pub fn list() -> String {
        let widest = Self::all().map(|rule| rule.name().len()).max().unwrap_or_default();
        let line = |rule: Self| {
            let (name, severity) = (rule.name(), rule.severity().to_string());
            format!("{name:widest$}  {severity:7}  {}\n", rule.meaning())
        };
        Self::all().map(line).collect()
    }
}

/// Columns of a text for people.
const WIDTH: usize = 80;

/// Lines of words, indented.
fn folded(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            lines.push('\n');
            column = 0;
        }
        let before = if column == 0 { "  " } else { " " };
        lines += before;
        lines += word;
        column += before.len() + width;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_rule_is_explained_in_words_of_its_own() {
        let mut seen = HashSet::new();
        for rule in CheckRule::all() {
            let Explanation { why, fix, example } = rule.explanation();
            for text in [rule.meaning(), why, fix] {
                assert!(text.len() > 20 && text.ends_with('.'), "{rule}: {text}");
                assert!(!text.contains("  ") && !text.contains('\n'), "{rule}: {text}");
                let first = text.chars().next().unwrap();
                assert!(first.is_uppercase() || first == '`' || first == '-', "{rule}: {text}");
                assert!(seen.insert(text), "{rule}: {text}");
            }
            if let Some(example) = example {
                assert!(!example.trim().is_empty() && seen.insert(example), "{rule}");
                assert!(example.lines().all(|line| line.len() <= WIDTH - 2), "{rule}");
            }
        }
    }

    #[test]
    fn an_explanation_has_all_parts() {
        for rule in CheckRule::all() {
            let text = rule.explained();
            let head = text.lines().next().unwrap();
            assert!(head.starts_with(&format!("{rule} ({}", rule.severity())), "{head}");
            assert_eq!(head.contains("RFC "), rule.reference().is_some(), "{head}");
            for title in ["What it means", "Why it matters", "How it is fixed"] {
                assert_eq!(text.matches(&format!("\n{title}\n  ")).count(), 1, "{rule}");
            }
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{rule}");
        }
    }

    #[test]
    fn the_list_has_a_line_for_each_rule() {
        let list = CheckRule::list();
        assert_eq!(list.lines().count(), CheckRule::all().count());
        for (line, rule) in list.lines().zip(CheckRule::all()) {
            assert_eq!(line.split(' ').next(), Some(rule.name()));
        }
    }

    #[test]
    fn words_are_folded_at_the_margin() {
        let text = ["word"; 40].join(" ");
        let lines = folded(&text);
        assert!(lines.lines().all(|line| line.len() <= WIDTH && line.starts_with("  word")));
        assert_eq!(lines.split_whitespace().count(), 40);
        assert_eq!(folded("x"), "  x\n");
    }
}
