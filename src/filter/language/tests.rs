use proptest::prelude::*;

use super::parse;
use super::syntax::{
    Comparison, Expression, Function, Literal, Member, Operand, Part, Path, Quantifier, Relation,
    Root, Spanned, Step, Test,
};

fn printed(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}")).to_string()
}

#[test]
fn operators_bind_as_in_wireshark() {
    for (written, means) in [
        ("a or b and c", "a || b && c"),
        ("(a || b) && c", "(a || b) && c"),
        ("a xor b || c ^^ d and e", "a ^^ b || c ^^ d && e"),
        ("!a == 1 && b", "!(a == 1) && b"),
        ("not (a || b)", "!(a || b)"),
        ("!!a", "!(!(a))"),
        ("((a)) || (b || c)", "a || b || c"),
        ("a && (b && c) && d", "a && b && c && d"),
    ] {
        assert_eq!(printed(written), means);
    }
}

#[test]
fn both_spellings_mean_the_same() {
    for (written, means) in [
        ("a eq 1", "a == 1"),
        ("a ne 1", "a != 1"),
        ("a gt 1", "a > 1"),
        ("a lt 1", "a < 1"),
        ("a ge 1", "a >= 1"),
        ("a le 1", "a <= 1"),
        ("a all_eq 1", "a === 1"),
        ("a ~= 1", "a !== 1"),
        ("a any_ne 1", "a !== 1"),
        ("a any_eq 1", "a == 1"),
        ("a all_ne 1", "a != 1"),
        ("a ~ \"x\"", "a matches \"x\""),
        ("a==1", "a == 1"),
        ("a in{1 2,3..4}", "a in {1, 2, 3..4}"),
        ("a not in {1}", "a not in {1}"),
        ("any a == 1", "any a == 1"),
        ("all a contains b", "all a contains b"),
        ("a[1,2-3,:4,-5:]", "a[1,2-3,0:4,-5:]"),
        ("lower ( a ) == b", "lower(a) == b"),
        ("a == r\"\\d\"", "a == r\"\\d\""),
        ("a == 'x'", "a == 'x'"),
        ("a == '\\x00'", "a == '\\x00'"),
        ("json.a[0][*][\"b c\"].d-e == 1", "json.a[0][*][\"b c\"].d-e == 1"),
        ("json[\"plain\"]", "json.plain"),
        ("a == \"\\x41\\102\\u00e9\\\"\"", "a == \"ABé\\\"\""),
        ("ip == 10.0.0.0/8 || ip == ::1", "ip == 10.0.0.0/8 || ip == ::1"),
        ("app.type == x", "app.type == x"),
    ] {
        assert_eq!(printed(written), means);
    }
}

/// Expressions with a fault, and the part of them that is at fault.
#[test]
fn faults_are_found_where_they_are() {
    for (text, fault) in [
        ("", ""),
        ("  ", ""),
        ("a &&", ""),
        ("a == ", ""),
        ("(a", "("),
        ("a)", ")"),
        ("a b", "b"),
        ("(a AND b)", "AND"),
        ("(a == 1 2)", "2"),
        ("(a) && (b", "("),
        ("a = 1", "="),
        ("a & 1", "&"),
        ("a == \"x", "\""),
        ("a == \"\\q\"", "\\q"),
        ("a in {}", "{}"),
        ("a in {1", "{"),
        ("a in 1", "1"),
        ("a in {1,}", "}"),
        ("foo(a)", "foo"),
        ("a[1", "["),
        ("a[x]", "x"),
        ("a[1,]", ""),
        ("json.", "."),
        ("json[-1]", "-"),
        ("json[0:2]", ":"),
        ("any a", ""),
        ("== 1", "=="),
        ("a == 'xy'", "'x"),
        ("a not 1", "1"),
        ("!", ""),
        ("len(a", ""),
        ("a == ;", ";"),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(&text[error.span.clone()], fault, "{text}: {error:?}");
        assert!(!error.message.is_empty());
    }
}

#[test]
fn nothing_is_too_deep_or_too_long_for_the_stack() {
    for open in ["(", "!", "!(", "not ", "!(a || b ^^ c && ", "lower(", "a[0][0][0][0][0]"] {
        let error = parse(&open.repeat(50_000)).unwrap_err();
        assert!(
            error.message.contains("too deep") || error.message.contains("belongs to nothing"),
            "{error:?}"
        );
    }
    // Functions and slices by turns: each pair of functions lies deeper.
    let mut woven = "a".to_owned();
    for slices in 0..45 {
        woven = format!("string(len({woven}{}))", "[0:]".repeat(2 * slices));
    }
    assert!(parse(&format!("{woven} == x")).unwrap_err().message.contains("too deep"));
    let flat = format!("{} == {}", "len(".repeat(90) + "a" + &")".repeat(90), "b[0]");
    assert!(parse(&[flat.as_str(); 3].join(" || ")).is_ok());
    let long = vec!["a == 1"; 100_000].join(" || ");
    assert!(parse(&long).is_ok_and(|parsed| parsed.to_string() == long));
    assert!(parse(&format!("a{}", "[0]".repeat(100_000))).is_err());
    assert!(parse(&"a".repeat(2 << 20)).is_err());
}

/// However deep it may lie, what is printed may lie as deep.
#[test]
fn negations_are_printed_no_deeper_than_they_are_read() {
    for (open, close) in [("!", ""), ("!(", ")"), ("!!(a ^^ ", ")"), ("not (", ")"), ("(", ")")] {
        let text = |depth: usize| format!("{}a == 1{}", open.repeat(depth), close.repeat(depth));
        let deepest = (1..200).take_while(|&depth| parse(&text(depth)).is_ok()).last().unwrap();
        assert!((30..=100).contains(&deepest), "{open}: {deepest}");
        let printed = printed(&text(deepest));
        assert_eq!(parse(&printed).map(|again| again.to_string()), Ok(printed));
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,3}(\\.[a-z_]{1,3}){0,2}",
        "[0-9]{1,4}",
        "0x[0-9a-f]{1,3}",
        "-[0-9]{1,3}",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.0\\.1(/[0-9])?",
        "[0-9a-f]{2}(:[0-9a-f]{2}){1,3}",
        "::[0-9a-f]{1,3}",
    ]
    .prop_filter("a keyword or a path", |word| {
        let head = word.split(['.', ':']).next().unwrap_or_default();
        !matches!(head, "json" | "app") && !super::parser::is_keyword(word)
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        word().prop_map(Literal::Word),
        prop::collection::vec(any::<u8>(), 0..6).prop_map(Literal::Text),
        "\\PC{0,6}".prop_map(|text| Literal::Text(text.into_bytes())),
        "[^\"]{0,6}".prop_map(Literal::Raw),
        any::<u8>().prop_map(Literal::Character),
    ]
}

fn here<T>(node: T) -> Spanned<T> {
    Spanned { node, span: 0..0 }
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        any::<i16>().prop_map(|at| Part::At(at.into())),
        (any::<i16>(), 1_u64..99).prop_map(|(at, count)| Part::From(at.into(), count)),
        (any::<i16>(), any::<i16>()).prop_map(|(first, last)| Part::To(first.into(), last.into())),
        any::<i16>().prop_map(|at| Part::Rest(at.into())),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        "[a-zé$@_-]{1,4}".prop_map(Step::Key),
        "\\PC{0,4}".prop_map(Step::Key),
        any::<u16>().prop_map(|index| Step::Index(index.into())),
        Just(Step::Each),
    ]
}

fn operand() -> impl Strategy<Value = Operand> {
    let root = prop_oneof![Just(Root::Json), Just(Root::App)];
    let leaf = prop_oneof![
        4 => word().prop_map(Operand::Word),
        2 => (root, prop::collection::vec(step(), 0..4)).prop_map(|(root, steps)| Operand::Path(Path { root, steps })),
        1 => literal().prop_filter("a word is no quoted value", |l| !matches!(l, Literal::Word(_))).prop_map(Operand::Quoted),
    ];
    leaf.prop_recursive(3, 6, 1, |inner| {
        let function = prop::sample::select(Function::ALL.as_slice());
        prop_oneof![
            (inner.clone(), prop::collection::vec(part(), 1..3))
                // A bracket behind a path is a step.
                .prop_filter("no part of a path", |(of, _)| !matches!(of, Operand::Path(_)))
                .prop_map(|(of, parts)| Operand::Slice(Box::new(here(of)), parts)),
            (function, inner)
                .prop_map(|(function, of)| Operand::Call(here(function), Box::new(here(of)))),
        ]
    })
}

fn relation() -> impl Strategy<Value = Relation> {
    let comparison = prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::AllEqual,
        Comparison::AnyNotEqual,
        Comparison::Greater,
        Comparison::Less,
        Comparison::GreaterOrEqual,
        Comparison::LessOrEqual,
    ]);
    let member = (literal(), prop::option::of(literal()))
        .prop_map(|(first, last)| Member { first: here(first), last: last.map(here) });
    prop_oneof![
        (comparison, operand())
            .prop_map(|(comparison, right)| Relation::Compare(comparison, here(right))),
        operand().prop_map(|right| Relation::Contains(here(right))),
        operand().prop_map(|right| Relation::Matches(here(right))),
        (any::<bool>(), prop::collection::vec(member, 1..4))
            .prop_map(|(is_negated, members)| Relation::In { is_negated, members }),
    ]
}

fn test() -> impl Strategy<Value = Expression> {
    let quantifier =
        prop_oneof![Just(None), Just(Some(Quantifier::Any)), Just(Some(Quantifier::All))];
    prop_oneof![
        operand().prop_map(|left| (None, left, Relation::Exists)),
        (quantifier, operand(), relation()),
    ]
    .prop_map(|(quantifier, left, relation)| {
        Expression::Test(Box::new(Test { quantifier, left: here(left), relation: here(relation) }))
    })
}

pub(in crate::filter) fn expression() -> impl Strategy<Value = Expression> {
    test().prop_recursive(4, 24, 3, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 2..4);
        let flatten = |parts: Vec<Expression>, kind: fn(Vec<Expression>) -> Expression| {
            let sample = std::mem::discriminant(&kind(Vec::new()));
            let parts = parts.into_iter().flat_map(|part| {
                let is_same = std::mem::discriminant(&part) == sample;
                match part {
                    Expression::Or(inner) | Expression::Xor(inner) | Expression::And(inner)
                        if is_same =>
                    {
                        inner
                    }
                    other => vec![other],
                }
            });
            kind(parts.collect())
        };
        prop_oneof![
            parts().prop_map(move |parts| flatten(parts, Expression::Or)),
            parts().prop_map(move |parts| flatten(parts, Expression::Xor)),
            parts().prop_map(move |parts| flatten(parts, Expression::And)),
            inner.clone().prop_map(|negated| Expression::Not(Box::new(negated))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(expression in expression()) {
        let text = expression.to_string();
        prop_assert_eq!(parse(&text), Ok(expression), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9 .\\[\\]{}()\"'\\\\!=<>&|^~,:*é-]{0,40}") {
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
        }
    }
}
