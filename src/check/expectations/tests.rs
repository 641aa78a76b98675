use proptest::prelude::*;

use super::*;

/// The numbers, names and places of what a file expects.
fn list(text: &str) -> Vec<(usize, String, usize, usize)> {
    let mut expectations = Expectations::default();
    add(&mut expectations, text).unwrap();
    let name = |expectation: Expectation| expectation.name;
    let list = expectations.into_parts().1.into_iter().map(name);
    list.map(|name| (name.number, name.name.to_string(), name.line, name.column)).collect()
}

fn add(expectations: &mut Expectations, text: &str) -> Result<(), ExpectationError> {
    let no_files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    expectations.add(text, "wsdump-check.toml", &mut FilterSet::default(), &no_files)
}

/// A file that has something of everything, but for schemas.
const ALL: &str = r#"
[[expect]]
where = 'json.type == "login"'
count = ">= 1"
within = "2s"
after = 'ws.event == "handshake"'
per = "connection"

[[forbid]]
name = "no errors"
where = "json.error"

[[sequence]]
steps = ['json.a', { where = 'json.b', within = "1s" }]
strict = true
where = 'http.request.uri == "/x"'

[[forbid]]
where = "json.fault"

[[reply]]
request = "ws.from == client"
response = "ws.from == server"
key = { request = "json.id", response = "json.reply_to" }
within = "200ms"

[limits]
message_size = "64KiB"
messages_per_second = 100
connection_duration = "1.5h"
latency = { p50 = "50ms", p95 = "200ms", p99 = "1s", max = "2s" }
compression_ratio = 0.5
close_codes = [1000, 1001]
"#;

#[test]
fn expectations_are_in_the_order_of_the_file() {
    let named = |number, name: &str, line| (number, name.to_owned(), line, 1);
    assert_eq!(
        list(ALL),
        [
            named(0, "expect 1", 2),
            named(1, "no errors", 9),
            named(2, "sequence 1", 13),
            named(3, "forbid 2", 18),
            named(4, "reply 1", 21),
            named(5, "limits message_size", 28),
            named(6, "limits messages_per_second", 29),
            named(7, "limits connection_duration", 30),
            (8, "limits latency.p50".to_owned(), 31, 13),
            (9, "limits latency.p95".to_owned(), 31, 27),
            (10, "limits latency.p99".to_owned(), 31, 42),
            (11, "limits latency.max".to_owned(), 31, 54),
            named(12, "limits compression_ratio", 32),
            named(13, "limits close_codes", 33),
        ]
    );
    let inline = "forbid = [{ where = 'json.é' },\r\n { where = 'json' }]";
    assert_eq!(list(inline), [(0, "forbid 1".to_owned(), 1, 11), (1, "forbid 2".to_owned(), 2, 2)]);
    assert!(list("# nothing\n").is_empty());
    let dotted = "limits.latency.p99 = '1s'\nlimits. \"close_codes\"=[]\n";
    assert_eq!(
        list(dotted),
        [(0, "limits latency.p99".to_owned(), 1, 16), (1, "limits close_codes".to_owned(), 2, 10)]
    );
}

#[test]
fn files_are_added_to_one_another_and_a_wrong_one_is_not() {
    let mut expectations = Expectations::default();
    add(&mut expectations, "[[forbid]]\nwhere = 'json'\n").unwrap();
    add(&mut expectations, "[[forbid]]\nwhere = 'json'\n[[forbid]]\nwhere = 'jsn'\n").unwrap_err();
    add(&mut expectations, "[[expect]]\nwhere = 'json'\n").unwrap();
    let (judges, list) = expectations.into_parts();
    assert_eq!(judges.len(), 2);
    let numbers: Vec<_> = list.iter().map(|one| (one.name.number, &*one.name.name)).collect();
    assert_eq!(numbers, [(0, "forbid 1"), (1, "expect 1")]);
}

/// What a baseline knows of one file's expectation must not excuse another's.
#[test]
fn no_two_files_have_one_name() {
    let mut expectations = Expectations::default();
    let mut filters = FilterSet::default();
    let no_files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let mut add = |name, text| expectations.add(text, name, &mut filters, &no_files).unwrap();
    add("a.toml", "[[forbid]]\nwhere = 'json'\n[limits]\nmessage_size = 1\n");
    add("folder/b.toml", "[[forbid]]\nwhere = 'json.a'\n[[expect]]\nwhere = 'json'\n");
    add("other/b.toml", "[[forbid]]\nwhere = 'json.b'\n[limits]\nmessage_size = 1\n");
    let list = expectations.into_parts().1;
    let names: Vec<_> = list.iter().map(|one| &*one.name.name).collect();
    assert_eq!(
        names,
        [
            "forbid 1",
            "limits message_size",
            "forbid 1 (b.toml)",
            "expect 1",
            "forbid 1 (b.toml) (b.toml)",
            "limits message_size (b.toml)"
        ]
    );
}

#[test]
fn a_file_that_ends_anywhere_is_read_or_its_fault_shown() {
    let mut wrong = 0;
    for (end, _) in ALL.char_indices() {
        let text = &ALL[..end];
        if let Err(error) = add(&mut Expectations::default(), text) {
            shows(text, &error);
            wrong += 1;
        }
    }
    assert!(wrong > ALL.len() / 2, "{wrong}");
}

#[test]
fn what_nests_deep_is_refused() {
    for (open, close) in [("[", "]"), ("{ a = ", "}")] {
        let nested = format!("a = {}1{}", open.repeat(100_000), close.repeat(100_000));
        shows(&nested, &add(&mut Expectations::default(), &nested).unwrap_err());
    }
    let keys = format!("{}b = 1", "a.".repeat(100_000));
    shows(&keys, &add(&mut Expectations::default(), &keys).unwrap_err());
}

/// A fault lies in the text, and is told on a line.
fn shows(text: &str, error: &ExpectationError) {
    assert!(text.get(error.span.clone()).is_some(), "{error:?}");
    let lines = [Some(&error.message), Some(&error.label), error.help.as_ref()];
    assert!(!error.message.is_empty(), "{error:?}");
    assert!(lines.into_iter().flatten().all(|line| line.lines().count() <= 1), "{error:?}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        if let Err(error) = add(&mut Expectations::default(), &text) {
            shows(&text, &error);
        }
    }

    #[test]
    fn nor_does_a_file_that_is_almost_right(
        cuts in prop::collection::vec((0..ALL.len(), 0..12_usize), 1..4),
        put in "[\\[\\]{}=\"'\\\\a-z0-9.,\n \u{0}é]{0,4}",
    ) {
        let mut text = ALL.to_owned();
        for (start, length) in cuts {
            let letters: Vec<char> = text.chars().collect();
            let start = start.min(letters.len());
            let (before, rest) = letters.split_at(start);
            let after = rest.iter().skip(length);
            text = before.iter().copied().chain(put.chars()).chain(after.copied()).collect();
        }
        if let Err(error) = add(&mut Expectations::default(), &text) {
            shows(&text, &error);
        }
    }
}
