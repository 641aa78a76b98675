//! The reports of `wsdump check`.

use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use crate::command::{Ran, captures, run, scratch, write, wsdump};

const FORMS: [&str; 6] = ["human", "json", "junit", "sarif", "github", "tap"];

/// Whether these must show what is wrong, and what is in order.
const REVIEWED: [&str; 4] = ["broken-frames", "wrong-accept", "lossy", "handwritten"];

fn check(arguments: &[&str]) -> Ran {
    run(["check"].iter().chain(arguments))
}

/// A report on standard output, after making sure that only the verdict decides.
#[track_caller]
fn report(form: &str, path: &str, arguments: &[&str]) -> String {
    let ran = check(&[&["--report", form, path], arguments].concat());
    assert!(matches!(ran.code, Some(0 | 1)), "{path}: {}", ran.stderr);
    assert_eq!(ran.stderr, "", "{path}");
    ran.stdout
}

#[test]
fn every_form() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/check");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for name in REVIEWED {
        let path = format!("captures/{name}.pcap");
        for form in FORMS {
            let told = report(form, &path, &[]);
            let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
            let told = told.replace(&version, "\"version\": \"[version]\"");
            settings.bind(|| insta::assert_snapshot!(format!("{name}_{form}"), told));
        }
    }
}

fn validator() -> Validator {
    let schema = include_str!("../../docs/check.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

#[test]
fn every_recording_keeps_to_the_schema() {
    let validator = validator();
    for path in captures() {
        let path = path.to_str().unwrap();
        for arguments in [&[][..], &["--fail-on", "note"]] {
            let document: Value = serde_json::from_str(&report("json", path, arguments)).unwrap();
            if let Err(error) = validator.validate(&document) {
                panic!("{path}: {error} at {}", error.instance_path());
            }
            let findings = document["findings"].as_array().unwrap();
            for outcome in ["fails", "told", "allowed", "known"] {
                let kept = findings.iter().filter(|finding| finding["outcome"] == outcome).count();
                assert_eq!(document["counts"][outcome], kept, "{path}");
            }
        }
    }
}

#[test]
fn the_schema_is_not_lenient() {
    let validator = validator();
    let document: Value =
        serde_json::from_str(&report("json", "captures/broken-frames.pcap", &[])).unwrap();
    assert!(validator.is_valid(&document));
    for place in ["", "/counts", "/severities", "/rules/0", "/rules/0/counts", "/findings/0"] {
        let mut document = document.clone();
        document.pointer_mut(place).unwrap()["surprise"] = true.into();
        assert!(!validator.is_valid(&document), "{place}");
    }
}

/// The forms agree about what fails.
#[test]
fn every_form_counts_the_same() {
    for path in captures() {
        let path = path.to_str().unwrap();
        let told = |form| report(form, path, &["--fail-on", "warning"]);
        let json: Value = serde_json::from_str(&told("json")).unwrap();
        let rules = json["rules"].as_array().unwrap();
        let failing = rules.iter().filter(|rule| rule["counts"]["fails"] != 0).count();
        let shown =
            json["counts"]["fails"].as_u64().unwrap() + json["counts"]["told"].as_u64().unwrap();
        let count = |text: &str, what: &str| text.matches(what).count();
        assert_eq!(count(&told("junit"), "<failure "), failing, "{path}");
        assert_eq!(count(&told("tap"), "\nnot ok "), failing, "{path}");
        // GitHub shows ten of each level, of which the last notice may say how many more
        // there are.
        let github = told("github");
        let errors = json["counts"]["fails"].as_u64().unwrap().min(10);
        assert_eq!(count(&github, "::error ") as u64, errors, "{path}");
        let is_cut = github.contains("more findings are not annotated");
        let written = github.lines().count() as u64 - u64::from(is_cut);
        assert_eq!(written < shown, is_cut, "{path}: {github}");
        assert!(written <= shown.min(30), "{path}: {github}");
        let sarif: Value = serde_json::from_str(&told("sarif")).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap().len();
        assert_eq!(results, json["findings"].as_array().unwrap().len(), "{path}");
        let verdict = if failing == 0 { "passed" } else { "failed" };
        assert_eq!(json["verdict"], verdict, "{path}");
        let human = told("human");
        assert!(human.lines().last().unwrap().starts_with(verdict), "{path}: {human}");
    }
}

#[test]
fn two_runs_are_the_same_byte_for_byte() {
    for form in FORMS {
        let twice = [(); 2].map(|()| report(form, "captures/broken-frames.pcap", &[]));
        assert_eq!(twice[0], twice[1], "{form}");
    }
}

#[test]
fn several_reports_at_once() {
    let folder = scratch("check-reports");
    let broken = "captures/broken-frames.pcap";
    let files: Vec<(&str, String)> =
        FORMS.iter().map(|form| (*form, folder.join(form).to_str().unwrap().to_owned())).collect();
    let reports: Vec<String> =
        files.iter().map(|(form, file)| format!("--report={form}={file}")).collect();
    let mut arguments: Vec<&str> = reports.iter().map(String::as_str).collect();
    arguments.push(broken);
    let ran = check(&arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    // Nothing else takes standard output.
    assert_eq!(ran.stdout, report("human", broken, &[]));
    for (form, file) in &files {
        assert_eq!(std::fs::read_to_string(file).unwrap(), report(form, broken, &[]), "{form}");
    }
}

/// The log has what people read, and what makes annotations, in either order.
#[test]
fn human_and_github_share_standard_output() {
    let path = "captures/wrong-accept.pcap";
    let both = report("human", path, &[]) + &report("github", path, &[]);
    assert_eq!(report("human", path, &["--report", "github"]), both);
    assert_eq!(report("github", path, &["--report", "human=-"]), both);
}

#[test]
fn quiet_is_nothing_but_findings() {
    let ran = check(&["-q", "captures/handwritten.pcap"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
    let ran = check(&["-q", "captures/wrong-accept.pcap"]);
    assert_eq!((ran.code, ran.stdout.lines().count(), ran.stderr.as_str()), (Some(1), 3, ""));
    assert!(ran.stdout.starts_with("✗ accept-mismatch  #0  ws://"), "{}", ran.stdout);
}

#[test]
fn colours_are_for_terminals_and_for_whom_asks() {
    let plain = report("human", "captures/wrong-accept.pcap", &[]);
    assert!(!plain.contains('\x1b'));
    let file = scratch("check-colour").join("human");
    let to_file = format!("human={}", file.to_str().unwrap());
    let arguments = ["--color", "always", "--report", &to_file];
    let coloured = check(&[&arguments[..], &["captures/wrong-accept.pcap"]].concat());
    assert!(coloured.stdout.contains('\x1b'));
    // A file is no terminal.
    assert_eq!(std::fs::read_to_string(file).unwrap(), plain);
}

#[track_caller]
fn is_refused(arguments: &[&str], because: &str) {
    let ran = check(arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
    assert!(ran.stderr.contains(because), "{arguments:?}: {}", ran.stderr);
}

#[test]
fn reports_that_cannot_be_written_are_refused() {
    let path = "captures/wrong-accept.pcap";
    is_refused(&["--report", "xml", path], "one of human, json, junit, sarif, github, tap");
    is_refused(&["--report", "junit=", path], "a file after junit=");
    for two in [["json", "human"], ["tap", "json=-"], ["human", "human"]] {
        is_refused(
            &["--report", two[0], "--report", two[1], path],
            "standard output takes one report",
        );
    }
    is_refused(&["--report", "json=a", "--report", "tap=a", path], "a file takes one report");
    is_refused(
        &["--report", "json=no-such-folder/a", path],
        "no-such-folder/a cannot be written: ",
    );
}

/// Neither by its name nor by another.
#[test]
fn what_is_read_is_not_overwritten() {
    let folder = scratch("check-overwrite");
    let bytes = std::fs::read("captures/wrong-accept.pcap").unwrap();
    let read = write(&folder, "read.pcap", &bytes);
    let name = read.to_str().unwrap();
    let other = folder.join(Path::new(".")).join("read.pcap");
    for report in [name, other.to_str().unwrap()] {
        is_refused(&["--report", &format!("json={report}"), name], "would overwrite");
    }
    is_refused(&["--write-baseline", name, name], "would overwrite");
    assert_eq!(std::fs::read(&read).unwrap(), bytes);
    // What is found beside the capture, and what that names.
    let expected = "[[schema]]\nwhere = 'json'\nschema = \"a.schema.json\"\n";
    let expectations = write(&folder, "wsdump-check.toml", expected.as_bytes());
    let schema = write(&folder, "a.schema.json", b"{}");
    for (file, text) in [(expectations, expected), (schema, "{}")] {
        let file = file.to_str().unwrap();
        is_refused(&["--report", &format!("json={file}"), name], "would overwrite");
        is_refused(&["--write-baseline", file, name], "would overwrite");
        assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    }
}

/// Also where the file is not there yet, which has two names.
#[test]
fn what_is_written_is_not_overwritten() {
    let folder = scratch("check-overwrite-new");
    let path = "captures/wrong-accept.pcap";
    let file = folder.join("new").to_str().unwrap().to_owned();
    std::fs::create_dir_all(folder.join("other")).unwrap();
    let other = folder.join("other/../new").to_str().unwrap().to_owned();
    let report = |form: &str, file: &str| format!("{form}={file}");
    is_refused(
        &["--report", &report("json", &file), "--report", &report("tap", &other), path],
        "would overwrite",
    );
    std::fs::remove_file(&file).unwrap();
    is_refused(
        &["--report", &report("json", &file), "--write-baseline", &other, path],
        "would overwrite",
    );
}

/// A longer report that was there leaves nothing behind.
#[test]
fn an_old_report_is_replaced() {
    let old = write(&scratch("check-old-report"), "report", &[b'x'; 1 << 16]);
    let path = "captures/wrong-accept.pcap";
    let ran = check(&["--report", &format!("tap={}", old.to_str().unwrap()), path]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(std::fs::read_to_string(old).unwrap(), report("tap", path, &[]));
}

/// Told with the file's name; the others are written.
#[cfg(target_os = "linux")]
#[test]
fn what_could_not_be_written_is_told() {
    let path = "captures/wrong-accept.pcap";
    let ran = check(&["--report", "json=/dev/full", path]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("/dev/full cannot be written: "), "{}", ran.stderr);
    assert_eq!(ran.stdout, report("human", path, &[]));
}

/// Whoever reads the report, and however much of it, the check has failed.
#[cfg(unix)]
#[test]
fn output_that_is_closed_changes_no_verdict() {
    let mut child = wsdump(["check", "captures/broken-frames.pcap"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
}

/// A capture that cannot be read is reported, too.
#[test]
fn an_unreadable_capture_fails_in_every_report() {
    let ran = check(&["--report", "json", "no-such-file.pcap"]);
    assert_eq!(ran.code, Some(2));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["verdict"], "failed");
    let rules: Vec<_> =
        document["rules"].as_array().unwrap().iter().map(|rule| &rule["rule"]).collect();
    assert_eq!(rules, ["broken-file", "no-connection"]);
    let sarif = check(&["--report", "sarif", "no-such-file.pcap"]).stdout;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
}
