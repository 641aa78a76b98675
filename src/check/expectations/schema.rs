//! `[[schema]]`: messages that have to be as a JSON Schema says.

mod files;
mod told;

use jsonschema::Validator;
use serde_json::Value;

use crate::check::finding::{ExpectationName, Finding};
use crate::check::findings::Findings;
use crate::check::judge::{Judge, Seen};
use crate::check::rule::{CheckRule, ExpectationRule};
use crate::filter::FilterId;
use crate::types::{Body, Kind, Message, Timestamp};

pub(super) use files::load;

/// Messages, and the schema that they have to be valid by.
pub(super) struct Schema {
    /// The expectation.
    pub(super) name: ExpectationName,
    /// What selects the messages.
    pub(super) selected: FilterId,
    /// Their schema.
    pub(super) validator: Validator,
}

/// Bytes of JSON that is judged. What is built of it takes up to sixteen times as much.
const LONGEST_JUDGED: usize = 16 << 20;

/// Bytes of JSON of which is told what is wrong: the crate gathers all faults before
/// it tells the first, each in some hundred bytes.
const LONGEST_EXPLAINED: usize = 1 << 20;

/// Faults of one message that are told of one schema.
const MOST_FAULTS: usize = 10;

/// Judges messages by all schemas of a run: the JSON of each is built once for all
/// of them.
pub(super) struct SchemaJudge {
    schemas: Vec<Schema>,
    /// Of each schema, whether a message was judged by it.
    are_used: Vec<bool>,
}

impl SchemaJudge {
    /// A judge by these schemas, in the order of the file.
    pub(super) fn new(schemas: Vec<Schema>) -> Self {
        let are_used = vec![false; schemas.len()];
        Self { schemas, are_used }
    }
}

impl Judge for SchemaJudge {
    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        let Kind::Message(message) = &seen.event.kind else {
            return;
        };
        let is_long = message.body.bytes().len() > LONGEST_EXPLAINED;
        let mut built = None;
        for (schema, is_used) in self.schemas.iter().zip(&mut self.are_used) {
            if seen.look.selects(schema.selected) {
                *is_used = true;
                let built = built.get_or_insert_with(|| build(message));
                schema.judge(built, is_long, seen, findings);
            }
        }
    }

    fn finish(&mut self, _last: Option<Timestamp>, findings: &mut Findings) {
        for (schema, is_used) in self.schemas.iter().zip(&self.are_used) {
            if !is_used {
                let rule = CheckRule::Expectation(ExpectationRule::UnusedExpectation);
                let finding = Finding::of_capture(rule, "no message is selected");
                findings.add(finding.expected(&schema.name), None);
            }
        }
    }
}

/// The JSON of a message; or why there is none, in a sentence without a full stop.
fn build(message: &Message<'_>) -> Result<Value, String> {
    if let Some(why) = unfit(message) {
        return Err(why.to_owned());
    }
    serde_json::from_slice(message.body.bytes())
        .map_err(|error| format!("the message's JSON cannot be read: {error}"))
}

/// Why a message cannot be judged by a schema, if so.
fn unfit(message: &Message<'_>) -> Option<&'static str> {
    if message.not_inflated.is_some() {
        return Some("the message could not be inflated, and so not judged by its schema");
    }
    if !message.complete {
        return Some("bytes of the message are missing, and so it is not judged by its schema");
    }
    if message.truncated {
        return Some("the message is longer than is kept, and so not judged by its schema");
    }
    match message.body {
        Body::Json(json) if json.bytes().len() > LONGEST_JUDGED => {
            Some("the message's JSON is longer than 16 MiB, and so not judged by its schema")
        }
        Body::Json(_) => None,
        Body::Text(_) | Body::Binary(_) => Some("the message is no JSON"),
    }
}

impl Schema {
    fn judge(
        &self,
        built: &Result<Value, String>,
        is_long: bool,
        seen: &Seen<'_>,
        findings: &mut Findings,
    ) {
        let mut found = |detail: String, path| {
            let rule = CheckRule::Expectation(ExpectationRule::Schema);
            let finding = Finding::of_event(rule, seen, detail).expected(&self.name);
            findings.add(Finding { path, ..finding }, Some(seen));
        };
        let instance = match built {
            Ok(instance) => instance,
            Err(detail) => return found(detail.clone(), None),
        };
        // Most messages are valid, which is faster known than what is wrong.
        if self.validator.is_valid(instance) {
            return;
        }
        if is_long {
            let detail = "the message is not as its schema says, and too long to tell where";
            return found(detail.into(), None);
        }
        for error in self.validator.iter_errors(instance).take(MOST_FAULTS) {
            found(told::detail(&error), Some(told::path(&error)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::check::testing::{Sent, Traffic, details, expectation};
    use crate::filter::FilterSet;
    use crate::types::{JsonText, Opcode, Side};

    /// What is found in text messages of the client, by schemas of what the filters
    /// beside them select.
    fn found(sent: &[&str], schemas: &[(&str, Value)]) -> Vec<Finding> {
        let opened = Traffic::new().open(0, "/");
        judged(&sent.iter().fold(opened, |traffic, text| traffic.client(0, text)), schemas)
    }

    fn judged(traffic: &Traffic, schemas: &[(&str, Value)]) -> Vec<Finding> {
        let mut filters = FilterSet::default();
        let schemas = schemas.iter().zip(0..).map(|((filter, schema), number)| Schema {
            name: ExpectationName { number, ..expectation() },
            selected: filters.filter(filter).unwrap(),
            validator: load(Path::new("a.json"), &|_| Ok(schema.to_string())).unwrap(),
        });
        let schemas = schemas.collect();
        traffic.judged(filters, SchemaJudge::new(schemas))
    }

    fn order() -> Value {
        json!({
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "integer"}, "a/b~c": {"items": {"maxLength": 3}}},
            "additionalProperties": false,
        })
    }

    /// The path and the detail of each finding.
    fn told(findings: &[Finding]) -> Vec<String> {
        let told = |finding: &Finding| match &finding.path {
            Some(path) => format!("{path:?} {}", finding.detail),
            None => finding.detail.clone(),
        };
        findings.iter().map(told).collect()
    }

    #[test]
    fn faults_have_a_path_and_tell_what_is_wanted() {
        let sent = [
            r#"{"id":1,"a/b~c":["abc"]}"#,
            r#"{"id":1.5,"a/b~c":["abc","abcd"]}"#,
            r#"{"ID":1}"#,
            "[]",
        ];
        let wrong = found(&sent, &[("json", order())]);
        assert_eq!(
            told(&wrong),
            [
                r#""/a~1b~0c/1" "abcd" is longer than 3 characters"#,
                r#""/id" 1.5 is not of type "integer""#,
                r#""" Additional properties are not allowed ('ID' was unexpected)"#,
                r#""" "id" is a required property"#,
                r#""" [] is not of type "object""#,
            ]
        );
        let packets: Vec<_> = wrong.iter().map(|finding| finding.packet).collect();
        assert_eq!(packets, [Some(3), Some(3), Some(4), Some(4), Some(5)]);
        assert_eq!(wrong[3].head.as_deref(), Some(r#"{"ID":1}"#));
        assert_eq!(wrong[2].rule.name(), "schema");
    }

    #[test]
    fn only_what_is_selected_is_judged_and_by_every_schema() {
        let schemas = [
            ("json.type == \"a\"", json!({"required": ["x"]})),
            ("json.type", json!({"required": ["y"]})),
            ("json.type == \"b\"", json!(false)),
        ];
        let wrong = found(&[r#"{"type":"a"}"#, r#"{"id":1}"#], &schemas);
        let numbers: Vec<_> =
            wrong.iter().map(|found| found.expectation.as_ref().unwrap().number).collect();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(
            told(&wrong),
            [
                r#""" "x" is a required property"#,
                r#""" "y" is a required property"#,
                "no message is selected",
            ]
        );
        assert_eq!(wrong[2].rule.name(), "unused-expectation");
    }

    #[test]
    fn what_is_no_json_or_not_all_of_it_is_found() {
        let cut = Sent { complete: false, ..Sent::text(Side::Server, r#"{"id":1}"#) };
        let traffic = Traffic::new()
            .open(0, "/")
            .client(0, "hello")
            .send(0, cut)
            .client(0, r#"{"id":1e400}"#)
            .client(0, r#"{"id":18446744073709551616}"#);
        let wrong = judged(&traffic, &[("ws.event == \"message\"", json!({}))]);
        assert_eq!(
            details(&wrong),
            [
                "2: the message is no JSON",
                "3: bytes of the message are missing, and so it is not judged by its schema",
                "4: the message's JSON cannot be read: number out of range at line 1 column 11",
            ]
        );
    }

    #[test]
    fn the_deepest_json_is_judged_or_found() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let schema = json!({"items": {"$ref": "#"}, "type": "array"});
        let wrong = found(&[&nested(127), &nested(128)], &[("json", schema)]);
        assert_eq!(
            details(&wrong),
            [concat!(
                "3: the message's JSON cannot be read: ",
                "recursion limit exceeded at line 1 column 128"
            )]
        );
    }

    #[test]
    fn what_is_told_is_bounded() {
        let items = json!({"additionalProperties": {"type": "integer"}});
        let members: Vec<String> = (0..50).map(|member| format!("\"{member}\":\"\"")).collect();
        let wrong = found(&[&format!("{{{}}}", members.join(","))], &[("json", items.clone())]);
        assert_eq!(wrong.len(), MOST_FAULTS);
        let long = "x".repeat(100_000);
        let message = format!(r#"{{"{long}":"{long}"}}"#);
        for schema in [items, json!({"additionalProperties": false}), json!({"enum": [long]})] {
            let wrong = found(&[&message], &[("json", schema)]);
            assert_eq!(wrong.len(), 1);
            assert!(wrong[0].detail.len() < 310, "{}", wrong[0].detail);
            assert!(wrong[0].path.as_ref().unwrap().len() < 1_030);
        }
    }

    #[test]
    fn long_messages_are_judged_but_not_explained() {
        let string = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        let messages = [LONGEST_EXPLAINED, LONGEST_EXPLAINED + 1].map(string);
        let of = |schema: Value| {
            let selected = "ws.event == \"message\"";
            found(&messages.each_ref().map(String::as_str), &[(selected, schema)])
        };
        assert!(of(json!({"type": "string"})).is_empty());
        let wrong = of(json!({"maxLength": 3}));
        assert_eq!(wrong[0].path.as_deref(), Some(""));
        assert_eq!(
            told(&wrong[1..]),
            ["the message is not as its schema says, and too long to tell where"]
        );
        let unfit_of = |bytes| {
            let text = string(bytes);
            let body = Body::Json(JsonText::new(&text));
            unfit(&Message::new(Side::Client, Opcode::Text, body))
        };
        assert_eq!(unfit_of(LONGEST_JUDGED), None);
        let why = unfit_of(LONGEST_JUDGED + 1);
        assert!(why.is_some_and(|why| why.contains("longer than 16 MiB")));
    }

    #[test]
    fn no_pattern_takes_for_ever() {
        let schema = json!({"items": {"pattern": r"^(?=(a+)+$)(a+)+\1b$"}});
        let message = format!(r#"["{}"]"#, "a".repeat(10_000));
        let wrong = found(&[&message], &[("json", schema)]);
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].path.as_deref(), Some("/0"));
    }
}
