//! What the README shows is what the program prints.

use crate::command::run;

const README: &str = include_str!("../../README.md");

/// Words with one space between them: the README shows a narrow terminal.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_samples_are_real() {
    let samples: Vec<_> = README.split("```\n$ wsdump ").skip(1).collect();
    assert_eq!(samples.len(), 4);
    for sample in samples {
        let (command, rest) = sample.split_once('\n').unwrap();
        let (shown, _) = rest.split_once("```").unwrap();
        is_printed(shown, command);
    }
}

/// Whether a command prints all that is between the ellipses.
fn is_printed(sample: &str, command: &str) {
    // A word that was folded in the middle has a line end in it.
    let squeeze = |text: &str| words(text).replace(' ', "");
    let ran = run(command.split(' '));
    // `check` and `diff` find what they show.
    let finds = command.starts_with("check ") || command.starts_with("diff ");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(i32::from(finds)), ""), "{command}");
    let printed = squeeze(&ran.stdout);
    let mut rest = printed.as_str();
    for passage in sample.split('…') {
        let passage = squeeze(passage);
        let (_, after) =
            rest.split_once(&passage).unwrap_or_else(|| panic!("not printed: {passage}"));
        rest = after;
    }
}

#[test]
fn the_commands_exist() {
    let commands = ["", "stats", "follow", "check", "diff"];
    let help = commands.map(|command| {
        let arguments = command.split_whitespace().chain(["--help"]);
        words(&run(arguments).clean())
    });
    let help = help.join(" ");
    let options = README
        .split(['`', ' ', '\n'])
        .filter(|word| word.starts_with("--") && word.len() > 2 && *word != "---")
        .map(|word| word.trim_end_matches(['.', ',']))
        .filter(|word| !matches!(*word, "--release" | "--open" | "--path" | "--help"));
    let mut count = 0;
    for option in options {
        count += 1;
        assert!(help.contains(option), "{option}");
    }
    assert!(count > 5);
}

#[test]
fn the_links_lead_somewhere() {
    let targets = README.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    for (target, _) in targets {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        assert!(path.exists(), "{target}");
    }
}
