use proptest::prelude::*;

use super::*;
use crate::filter::language::syntax::Step;
use crate::types::json_block::levels;
use crate::types::json_skip as skip;
use crate::types::json_string::unescaped;

fn steps(path: &str) -> Vec<Step> {
    let step = |part: &str| match part {
        "*" => Step::Each,
        part => part.parse().map_or_else(|_| Step::Key(part.to_owned()), Step::Index),
    };
    path.split('/').skip(1).map(step).collect()
}

/// The values at each of some paths, all looked for at once.
fn found(paths: &[&str], text: &str) -> Vec<Vec<String>> {
    let mut tree = Paths::default();
    let numbers: Vec<usize> = paths.iter().map(|path| tree.add(&steps(path))).collect();
    let found = Found::default();
    let values = |path: usize| {
        let mut values = Vec::new();
        found.each(&tree, path, text.as_bytes(), &mut |value| {
            let Value::Json(value) = value else { panic!("{value:?}") };
            values.push(String::from_utf8(value.to_vec()).unwrap());
            true
        });
        values
    };
    numbers.into_iter().map(values).collect()
}

#[test]
fn values_at_paths() {
    let text = r#" { "a" : [1, {"b":"x]"}, [2,3] ], "c d":null,"a":7, "e":{"a":"\"}"} } "#;
    let paths =
        ["", "/a", "/a/0", "/a/*", "/a/1/b", "/a/2/1", "/a/*/*", "/c d", "/e/a", "/e/b", "/0"];
    let values = found(&paths, text);
    assert_eq!(values[0], [text.trim()]);
    assert_eq!(values[1], [r#"[1, {"b":"x]"}, [2,3] ]"#, "7"]);
    assert_eq!(values[2], ["1"]);
    assert_eq!(values[3], ["1", r#"{"b":"x]"}"#, "[2,3]"]);
    assert_eq!(values[4], [r#""x]""#]);
    assert_eq!(values[5], ["3"]);
    assert_eq!(values[6], ["2", "3"]);
    assert_eq!(values[7], ["null"]);
    assert_eq!(values[8], [r#""\"}""#]);
    assert!(values[9].is_empty() && values[10].is_empty());
}

#[test]
fn very_many_values_are_found_too() {
    let text = format!("[{}0]", "7,".repeat(2 * MOST_KEPT));
    let (all, first) = (found(&["/*", "/1"], &text), vec!["7".to_owned()]);
    assert_eq!((all[0].len(), &all[1]), (2 * MOST_KEPT + 1, &first));
    let mut tree = Paths::default();
    let path = tree.add(&steps("/*"));
    let (found, mut taken) = (Found::default(), 0);
    found.each(&tree, path, text.as_bytes(), &mut |_| {
        taken += 1;
        taken < 3
    });
    assert_eq!(taken, 3);
    assert!(found.values.borrow().iter().map(Vec::capacity).sum::<usize>() <= 2 * MOST_KEPT);
}

#[test]
fn keys_are_compared_as_what_they_say() {
    assert_eq!(found(&["/größe"], r#"{"gr\u00f6\u00dFe":1}"#), [["1"]]);
    assert_eq!(found(&["/😀/\n"], r#"{"\ud83d\ude00":{"\n":2}}"#), [["2"]]);
    assert_eq!(found(&["/"], r#"{"":3}"#), [["3"]]);
}

#[test]
fn escapes() {
    assert_eq!(*unescaped(br#""\"\\\/\b\f\n\r\t""#), *b"\"\\/\x08\x0c\n\r\t");
    assert_eq!(*unescaped(br#""a\ud800b""#), *b"a\xed\xa0\x80b");
    assert_eq!(*unescaped(br#""\ud800\u0041""#), *b"\xed\xa0\x80A");
    assert_eq!(*unescaped(br#""\udc00""#), *b"\xed\xb0\x80");
    assert!(matches!(unescaped(br#""plain""#), std::borrow::Cow::Borrowed(b"plain")));
}

#[test]
fn entries_are_counted() {
    for (text, count) in [
        ("[]", 0),
        ("[ ]", 0),
        ("{}", 0),
        ("{ \n}", 0),
        ("[1]", 1),
        ("[[1,2],3]", 2),
        (r#"{"a":{"b":1,"c":2}}"#, 1),
        (r#"{ "a" : 1 , "b" : [ ] }"#, 2),
        (r#"["a,b]", 2 ]"#, 2),
    ] {
        assert_eq!(entries(text.as_bytes()), Some(count), "{text}");
    }
    assert_eq!(entries(b"7"), None);
    assert_eq!(entries(b""), None);
}

#[test]
fn what_is_no_json_ends() {
    for text in [
        "", "{", "[", "{\"", "{\"a", "{\"a\"", "{\"a\":", "[1", "[1,", "\"\\", "}", "]", "[,,",
        "{\"a\" 1",
    ] {
        let _ = found(&["/a", "/0", "/*"], text);
        let _ = entries(text.as_bytes());
        let _ = unescaped(text.as_bytes());
    }
}

/// What there is at a path, the slow way.
fn expected(value: &serde_json::Value, path: &[Step]) -> Vec<serde_json::Value> {
    let Some((step, rest)) = path.split_first() else { return vec![value.clone()] };
    let children: Vec<_> = match step {
        Step::Key(key) => value.get(key).into_iter().collect(),
        Step::Index(index) => value.get(index).into_iter().collect(),
        Step::Each => value.as_array().into_iter().flatten().collect(),
    };
    children.into_iter().flat_map(|child| expected(child, rest)).collect()
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a-c\"\\\\{}\\[\\],: é\n]{0,90}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map("[ab\"é]{0,2}", inner, 0..6)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        "[ab\"é]{0,2}".prop_map(Step::Key),
        (0_usize..4).prop_map(Step::Index),
        Just(Step::Each),
    ]
}

proptest! {
    #[test]
    fn all_paths_are_found_at_once(
        value in json(),
        paths in prop::collection::vec(prop::collection::vec(step(), 0..4), 1..6),
        pretty: bool,
    ) {
        let text = match pretty {
            true => serde_json::to_string_pretty(&value).unwrap(),
            false => value.to_string(),
        };
        let mut tree = Paths::default();
        let numbers: Vec<usize> = paths.iter().map(|path| tree.add(path)).collect();
        let found = Found::default();
        for (path, number) in paths.iter().zip(numbers) {
            let mut values = Vec::new();
            found.each(&tree, number, text.as_bytes(), &mut |value| {
                let Value::Json(value) = value else { panic!("{value:?}") };
                values.push(serde_json::from_slice::<serde_json::Value>(value).unwrap());
                true
            });
            prop_assert_eq!(values, expected(&value, path));
        }
    }

    #[test]
    fn strings_say_what_serde_json_reads(text: String) {
        let string = serde_json::to_string(&text).unwrap();
        let unescaped = unescaped(string.as_bytes());
        prop_assert_eq!(&*unescaped, text.as_bytes());
    }

    #[test]
    fn containers_end_where_they_do_for_every_processor(value in json(), behind in "[\\]}\" a]{0,70}") {
        let text = format!("[{value}]");
        let followed = format!("{text}{behind}");
        for level in levels() {
            prop_assert_eq!(skip::container_with(level, followed.as_bytes(), 0), text.len());
        }
    }
}
