//! Reports keep to the schemas that their readers have: JUnit's XML to the XSDs of
//! Jenkins and of Windy Road, SARIF to that of the standard, and the diagnostics of
//! TAP are YAML.
//!
//! The schemas are others', and are taken from the packages that have them. That
//! needs Python, Cargo and the registries.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{capture, run, scratch, skip, write};

/// Packages that validate, and the one whose source has Jenkins' junit-10.xsd.
const VALIDATORS: [&str; 3] = ["xmlschema==4.3.2", "jsonschema==4.26.0", "PyYAML==6.0.4"];
const JENKINS: &str = "pytest==9.2.0";

/// Crates that have the schema of SARIF, Windy Road's JUnit.xsd, and an older one of
/// Jenkins.
const CRATES: &str = r#"[package]
name = "schemas"
version = "0.0.0"
edition = "2024"

[dependencies]
serde-sarif = { version = "=0.8.0", default-features = false }
junit-report = { version = "=0.9.1", default-features = false }

[workspace]
"#;

const VALIDATE: &str = include_str!("validate_reports.py");

#[test]
fn reports_validate() {
    let folder = scratch("report-schemas");
    let python = match fetch(&folder) {
        Ok(python) => python,
        Err(reason) => return skip("python", &reason),
    };
    write_reports(&folder);
    let script = write(&folder, "validate.py", VALIDATE.as_bytes());
    let output = Command::new(python).arg(script).current_dir(&folder).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.ends_with("as they should be\n"), "{told}");
}

/// Two files with the same expectations, which are met, are not met, or judge nothing.
const EXPECTED: [&str; 2] = ["a.toml", "b.toml"];

const EXPECTATIONS: &str = r#"
[[expect]]
name = "</testcase> ]]> & \"\u0001\uffff{0} # TODO ##[error] ::error::"
where = 'ws.event == message'
count = 0

[[forbid]]
where = 'json'

[[reply]]
request = 'json.no_such_key'
response = 'json'
key = "json.id"

[limits]
message_size = 1
"#;

/// With errors, warnings and notes, and with nothing at all.
const RECORDINGS: [&str; 6] = [
    "broken-frames.pcap",
    "broken-handshakes.pcap",
    "handwritten.pcap",
    "lossy.pcap",
    "mid-stream.pcap",
    "refused.pcap",
];

/// Reports of recordings, of which more or less fails.
fn write_reports(folder: &Path) {
    std::fs::create_dir(folder.join("reports")).unwrap();
    for file in EXPECTED {
        write(folder, file, EXPECTATIONS.as_bytes());
    }
    let baseline = folder.join("baseline.json");
    let baseline = ["--write-baseline", baseline.to_str().unwrap()];
    let noted = run(["check", "captures/lossy.pcap"].iter().chain(&baseline));
    assert_eq!(noted.code, Some(0), "{}", noted.stderr);
    for name in RECORDINGS {
        for fail_on in ["error", "note"] {
            let mut arguments = vec!["check".to_owned(), format!("--fail-on={fail_on}")];
            for form in ["junit", "sarif", "tap"] {
                let file = folder.join(format!("reports/{name}-{fail_on}.{form}"));
                arguments.push(format!("--report={form}={}", file.display()));
            }
            arguments
                .extend(EXPECTED.map(|file| format!("--expect={}", folder.join(file).display())));
            arguments.push(format!("--baseline={}", folder.join("baseline.json").display()));
            arguments.push("--allow=invalid-utf8".to_owned());
            arguments.push(capture(name).to_str().unwrap().to_owned());
            let ran = run(arguments);
            assert!(matches!(ran.code, Some(0 | 1)), "{name}: {}", ran.stderr);
        }
    }
}

/// Fetches the schemas, and a Python that can validate.
fn fetch(folder: &Path) -> Result<PathBuf, String> {
    std::fs::create_dir_all(folder.join("crates/src")).unwrap();
    write(folder, "crates/Cargo.toml", CRATES.as_bytes());
    write(folder, "crates/src/lib.rs", b"");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    command(cargo, &["vendor", "--versioned-dirs", "vendor"], &folder.join("crates"))?;
    command("python3", &["-m", "venv", "python"], folder)?;
    let python =
        folder.join(if cfg!(windows) { "python/Scripts/python" } else { "python/bin/python" });
    let pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"];
    command(&python, &[&pip[..], &["install"], &VALIDATORS].concat(), folder)?;
    let source = ["download", "--no-deps", "--no-binary", ":all:", JENKINS];
    command(&python, &[&pip[..], &source].concat(), folder)?;
    Ok(python)
}

fn command(program: impl AsRef<OsStr>, arguments: &[&str], folder: &Path) -> Result<(), String> {
    let name = program.as_ref().to_string_lossy().into_owned();
    let output = Command::new(&program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let reason = || format!("{name} {}: {}", arguments.join(" "), told.trim());
    if output.status.success() { Ok(()) } else { Err(reason()) }
}
