//! What docs/examples and docs/check.md show does what they say.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

use crate::command::{capture, run, scratch, skip, write};
use crate::live::can_capture;

const WSDUMP: &str = env!("CARGO_BIN_EXE_wsdump");

/// What the tests need of Python besides what the example with pytest does.
const YAML: &str = "PyYAML==6.0.4";

/// `docs/examples/NAME`.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples").join(name)
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

/// Those that end in one of these.
fn examples(extensions: &[&str]) -> Vec<PathBuf> {
    let mut files = files(&example(""));
    files.retain(|path| extensions.iter().any(|one| path.extension() == Some(OsStr::new(one))));
    assert!(!files.is_empty());
    files
}

/// A Python that has what the example with pytest requires, and YAML; `None` where
/// there is none, which is told.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let python = PYTHON.get_or_init(make_python);
    if let Err(reason) = python {
        skip("python", reason);
    }
    python.as_deref().ok()
}

/// It is kept as long as what is required stays the same.
fn make_python() -> Result<PathBuf, String> {
    let requirements = example("pytest/requirements.txt");
    let wanted = format!("{}{YAML}\n", fs::read_to_string(&requirements).unwrap());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples-venv");
    let python = folder.join("bin/python");
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|has| has == wanted) && python.exists() {
        return Ok(python);
    }
    succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", YAML, "--requirement"]).arg(&requirements);
    succeeds(&mut pip)?;
    fs::write(installed, wanted).unwrap();
    Ok(python)
}

fn succeeds(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{name}: {}", text(&output.stderr).trim())),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the example with pytest; the server has a bug where one is named.
fn pytest(python: &Path, bug: Option<&str>, reports: &Path) -> Output {
    let mut command = Command::new(python);
    command
        .args(["-m", "pytest", "-p", "no:cacheprovider"])
        .current_dir(example("pytest"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WSDUMP", WSDUMP)
        .env("WSDUMP_REPORTS", reports)
        .env_remove("PYTEST_ADDOPTS")
        .env_remove("ORDERS_BUG");
    if let Some(bug) = bug {
        command.env("ORDERS_BUG", bug);
    }
    command.output().unwrap()
}

#[test]
fn a_good_test_run_passes_with_its_traffic() {
    let (Some(python), true) = (python(), can_capture()) else {
        return;
    };
    let reports = scratch("examples-pytest");
    let ran = pytest(python, None, &reports);
    let said = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{said}{}", text(&ran.stderr));
    assert!(said.contains("3 passed"), "{said}");
    let junit = fs::read_to_string(reports.join("wsdump-junit.xml")).unwrap();
    assert!(junit.contains("<testcase") && !junit.contains("<failure"), "{junit}");
    let recorded = run(["-T", "json", reports.join("traffic.pcapng").to_str().unwrap()]).events();
    let ends = recorded.iter().filter(|event| event["event"] == "end");
    assert_eq!(ends.filter(|end| end["state"] == "closed").count(), 3);
}

/// The tests themselves see nothing of it.
#[test]
fn a_broken_server_fails_the_test_run_by_its_traffic() {
    let (Some(python), true) = (python(), can_capture()) else {
        return;
    };
    for (bug, expectation, value) in [
        ("total-as-text", "orders are as their schema says", "/result/order/total"),
        ("slow", "every request is answered soon", "500"),
        ("sloppy-close", "limits", "1011"),
    ] {
        let reports = scratch(&format!("examples-pytest-{bug}"));
        let ran = pytest(python, Some(bug), &reports);
        let said = text(&ran.stdout);
        assert_eq!(ran.status.code(), Some(1), "{bug}: {said}");
        assert!(said.contains("3 passed, 1 error"), "{bug}: {said}");
        assert!(said.contains("the recorded traffic does not pass"), "{bug}: {said}");
        let junit = fs::read_to_string(reports.join("wsdump-junit.xml")).unwrap();
        for words in [expectation, value] {
            assert!(said.contains(words), "{bug}: no {words:?} in {said}");
            assert!(junit.contains(words), "{bug}: no {words:?} in {junit}");
        }
        assert!(junit.contains("<failure"), "{bug}: {junit}");
    }
}

#[test]
fn expectations_files_are_accepted() {
    let recording = capture("session-a.pcapng");
    for path in examples(&["toml"]) {
        let ran = run(["check", "--expect", path.to_str().unwrap(), recording.to_str().unwrap()]);
        assert!(matches!(ran.code, Some(0 | 1)), "{}: {ran:?}", path.display());
    }
    let own = example("wsdump-check.toml");
    let ran = run([
        "check",
        "--fail-on",
        "warning",
        "--expect",
        own.to_str().unwrap(),
        recording.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

const PAGE: &str = include_str!("../../docs/check.md");

/// The page's blocks of a language, without the fences.
fn blocks(language: &str) -> Vec<&'static str> {
    let blocks: Vec<&str> = PAGE
        .split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect();
    assert!(!blocks.is_empty());
    blocks
}

#[test]
fn the_pages_expectations_are_accepted() {
    let folder = scratch("examples-page");
    fs::copy(example("order.schema.json"), folder.join("order.schema.json")).unwrap();
    let recording = capture("session-a.pcapng");
    for block in blocks("toml") {
        let path = write(&folder, "wsdump-check.toml", block.as_bytes());
        let ran = run(["check", "--expect", path.to_str().unwrap(), recording.to_str().unwrap()]);
        assert!(matches!(ran.code, Some(0 | 1)), "{block}\n{ran:?}");
    }
}

/// What a run prints is in the page as it is.
#[test]
fn the_pages_samples_are_real() {
    for sample in blocks("console") {
        let (command, shown) = sample.split_once('\n').unwrap();
        let command = command.strip_prefix("$ wsdump ").unwrap();
        let ran = run(command.split(' '));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let printed = words(&(ran.stdout + &ran.stderr));
        let mut rest = printed.as_str();
        for passage in shown.split('…').map(words) {
            let (_, after) = rest
                .split_once(&passage)
                .unwrap_or_else(|| panic!("{command} does not print {passage:?} but {printed}"));
            rest = after;
        }
    }
}

#[test]
fn the_pages_links_lead_somewhere() {
    let targets = PAGE.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    for (target, _) in targets {
        let path = example("..").join(target.split('#').next().unwrap());
        assert!(target.starts_with("https://") || path.exists(), "{target}");
    }
}

/// Every rule that can be found is in the page, or in the one on rules that it names.
#[test]
fn the_page_names_every_rule() {
    for name in wsdump::check::CaptureRule::ALL
        .iter()
        .map(|rule| rule.name())
        .chain(wsdump::check::ExpectationRule::ALL.iter().map(|rule| rule.name()))
    {
        assert!(PAGE.contains(&format!("| `{name}` |")), "{name}");
    }
}

/// A file in YAML, as JSON.
fn yaml(python: &Path, path: &Path) -> Value {
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let output = Command::new(python).args(["-c", script]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The scripts for a shell that a description of jobs has in it.
fn scripts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(scripts).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("run", Value::String(script)) => vec![script.as_str()],
                ("script" | "before_script" | "after_script", Value::Array(scripts)) => {
                    scripts.iter().filter_map(Value::as_str).collect()
                }
                _ => scripts(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn bash(script: &str, folder: &Path) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).current_dir(folder);
    bash
}

#[test]
fn descriptions_of_jobs_are_yaml_with_scripts_that_a_shell_reads() {
    let Some(python) = python() else {
        return;
    };
    for path in examples(&["yml", "yaml"]) {
        let described = yaml(python, &path);
        let scripts = scripts(&described);
        assert!(!scripts.is_empty(), "{}", path.display());
        for script in scripts {
            let read = Command::new("bash").args(["-n", "-c", script]).output().unwrap();
            assert!(read.status.success(), "{}: {script}", text(&read.stderr));
            // The shell would read what is put in there as its own.
            assert!(!script.contains("${{"), "{}: {script}", path.display());
        }
    }
}

/// A composite action's step.
fn step<'a>(action: &'a Value, name: &str) -> &'a Value {
    let steps = action["runs"]["steps"].as_array().unwrap();
    steps.iter().find(|step| step["name"] == name).unwrap()
}

/// What GitHub makes of the action's first step with these inputs.
struct Checked {
    log: String,
    outputs: BTreeMap<String, String>,
    summary: String,
}

/// Runs it as GitHub does: inputs that are not given have their defaults.
fn checked(action: &Value, inputs: &[(&str, &str)], folder: &Path) -> Checked {
    let step = step(action, "Check");
    let mut bash = bash(step["run"].as_str().unwrap(), folder);
    for (name, value) in step["env"].as_object().unwrap() {
        let input = value.as_str().unwrap();
        let input = input.strip_prefix("${{ inputs.").unwrap().strip_suffix(" }}").unwrap();
        let given = inputs.iter().find(|(name, _)| *name == input).map(|(_, value)| *value);
        let default = || action["inputs"][input]["default"].as_str().unwrap();
        bash.env(name, given.unwrap_or_else(default));
    }
    for (name, file) in [("GITHUB_OUTPUT", "outputs"), ("GITHUB_STEP_SUMMARY", "summary")] {
        bash.env(name, write(folder, file, b""));
    }
    let ran = bash.env("RUNNER_TEMP", folder).output().unwrap();
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
    let read = |name| fs::read_to_string(folder.join(name)).unwrap();
    let outputs = read("outputs");
    let outputs = outputs.lines().map(|line| line.split_once('=').unwrap());
    Checked {
        log: text(&ran.stdout) + &text(&ran.stderr),
        outputs: outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        summary: read("summary"),
    }
}

#[test]
fn the_action_checks_and_fails_when_the_check_does() {
    let Some(python) = python() else {
        return;
    };
    let action = yaml(python, &example("github-action/action.yml"));
    let folder = scratch("examples-action");
    for name in ["session-a.pcapng", "session-b.pcapng", "wrong-accept.pcap"] {
        fs::copy(capture(name), folder.join(name)).unwrap();
    }
    let own = example("wsdump-check.toml");
    let expect = ("expect", own.to_str().unwrap());
    let program = ("wsdump", WSDUMP);
    for (inputs, code) in [
        (&[("files", "session-a.pcapng"), expect][..], "0"),
        (&[("files", "wrong-accept.pcap")], "1"),
        (&[("files", "wrong-accept.pcap"), ("allow", "accept-mismatch:tcp && !udp")], "2"),
        (&[("files", "wrong-accept.pcap"), ("allow", "\naccept-mismatch:tcp && ip\r\n")], "0"),
        (&[("files", "session-?.pcapng\n\nwrong-*.pcap")], "1"),
        (&[("files", "$(touch hit).pcap; touch hit `touch hit`")], "2"),
        (&[("files", "none-*.pcap")], "2"),
    ] {
        let inputs = [inputs, &[program]].concat();
        let checked = checked(&action, &inputs, &folder);
        assert_eq!(checked.outputs["exit-code"], code, "{inputs:?}: {}", checked.log);
        assert!(!folder.join("hit").exists(), "{inputs:?}");
        let fail = step(&action, "Fail if the check did")["run"].as_str().unwrap();
        let failed = bash(fail, &folder).env("CODE", code).status().unwrap();
        assert_eq!(failed.code().unwrap().to_string(), code);
        if code != "2" {
            has_reports(&checked);
        }
    }
}

fn has_reports(checked: &Checked) {
    let reports = Path::new(&checked.outputs["reports"]);
    for name in ["report.txt", "report.json", "junit.xml", "report.sarif"] {
        assert!(fs::metadata(reports.join(name)).unwrap().len() > 0, "{name}");
    }
    assert_eq!(Path::new(&checked.outputs["sarif"]), reports.join("report.sarif"));
    let has_failed = checked.outputs["exit-code"] == "1";
    assert_eq!(checked.log.contains("::error"), has_failed, "{}", checked.log);
    let report = fs::read_to_string(reports.join("report.txt")).unwrap();
    let code = report.lines().map(|line| format!("    {line}\n")).collect::<String>();
    assert!(checked.summary.contains(&code), "{}", checked.summary);
    // The runner takes no command from what stands between.
    let (_, rest) = checked.log.split_once("::stop-commands::").unwrap();
    let (token, rest) = rest.split_once('\n').unwrap();
    assert_eq!(rest.trim_end(), format!("{report}::{token}::"));
    assert_eq!(token.len(), 32);
}

/// What the workflow and the job for GitLab do to record, with a program for tests that
/// says a few words, and root's commands left out.
struct Recording {
    folder: PathBuf,
    port: String,
}

impl Recording {
    fn new(name: &str, python: &Path) -> Self {
        let folder = scratch(name);
        let recording = Self { folder, port: free_port() };
        for nothing in ["sudo", "dpkg"] {
            recording.program(nothing, "exit 0");
        }
        recording.program("pytest", &format!("exec '{}' - <<'EOF'\n{TALK}EOF", python.display()));
        symlink(WSDUMP, recording.folder.join("bin/wsdump")).unwrap();
        for folder in ["tests", "wsdump-program/bin"] {
            fs::create_dir_all(recording.folder.join(folder)).unwrap();
        }
        symlink(WSDUMP, recording.folder.join("wsdump-program/bin/wsdump")).unwrap();
        write(&recording.folder.join("tests"), "wsdump-check.toml", EXPECTATIONS.as_bytes());
        recording
    }

    fn program(&self, name: &str, script: &str) {
        let programs = self.folder.join("bin");
        fs::create_dir_all(&programs).unwrap();
        let path = write(&programs, name, format!("#!/bin/sh\n{script}\n").as_bytes());
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[track_caller]
    fn runs(&self, script: &str) {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.folder.join("bin").display());
        let ran = bash(script, &self.folder)
            .env("PATH", path)
            .env("PORT", &self.port)
            .env_remove("SUDO_UID")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
    }
}

const EXPECTATIONS: &str = r#"
[[expect]]
where = 'json.greeting == "hello"'
count = 1
"#;

/// A server and its client, in Python.
const TALK: &str = r#"
import os, threading
from websockets.sync.client import connect
from websockets.sync.server import serve
port = int(os.environ["PORT"])
with serve(lambda c: [c.send(m[:0]) for m in c], "127.0.0.1", port) as server:
    threading.Thread(target=server.serve_forever).start()
    with connect(f"ws://127.0.0.1:{port}/") as client:
        client.send('{"greeting": "hello"}')
        client.recv()
    server.shutdown()
"#;

fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

#[test]
fn the_workflow_records() {
    let (Some(python), true) = (python(), can_capture()) else {
        return;
    };
    let workflow = yaml(python, &example("github-workflow.yml"));
    let steps = workflow["jobs"]["websocket"]["steps"].as_array().unwrap();
    let script = |name: &str| {
        let step = steps.iter().find(|step| step["name"] == name).unwrap();
        step["run"].as_str().unwrap()
    };
    let recording = Recording::new("examples-workflow", python);
    recording.runs(script("Start recording"));
    recording.runs("pytest");
    recording.runs(script("Stop recording"));
    recording.runs("wsdump check wsdump/traffic.pcapng --expect tests/wsdump-check.toml");
}

#[test]
fn the_job_for_gitlab_records_and_checks() {
    let (Some(python), true) = (python(), can_capture()) else {
        return;
    };
    if Command::new("tcpdump").arg("--version").output().is_err() {
        return skip("tcpdump", "it is not installed");
    }
    let jobs = yaml(python, &example("gitlab-ci.yml"));
    let recording = Recording::new("examples-gitlab", python);
    fs::create_dir(recording.folder.join("wsdump")).unwrap();
    for script in jobs["websocket"]["script"].as_array().unwrap() {
        recording.runs(script.as_str().unwrap());
    }
    let junit = fs::read_to_string(recording.folder.join("wsdump/wsdump.xml")).unwrap();
    assert!(junit.contains("<testcase") && !junit.contains("<failure"), "{junit}");
}
