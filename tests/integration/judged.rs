//! What `wsdump check` finds, a line each.

use serde_json::Value;

use crate::command::{Ran, run};

/// What became of a check.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) code: Option<i32>,
    /// What is shown, as `error accept-mismatch #0 packet 4 server`.
    pub(crate) findings: Vec<String>,
    pub(crate) stderr: String,
}

impl Judged {
    /// The rules of the findings.
    pub(crate) fn rules(&self) -> Vec<&str> {
        self.findings.iter().filter_map(|finding| finding.split(' ').nth(1)).collect()
    }
}

/// Checks a capture.
pub(crate) fn judge(arguments: &[&str]) -> Judged {
    let ran = run([&["check", "--report", "json"], arguments].concat());
    // Wrong usage has no report.
    let findings = match ran.stdout.as_str() {
        "" => Vec::new(),
        report => of_report(&serde_json::from_str(report).unwrap()),
    };
    Judged { code: ran.code, findings, stderr: ran.stderr }
}

/// What a report in JSON shows of what was found, in words: `error expect: 1 event
/// came`.
pub(crate) fn details(ran: &Ran) -> Vec<String> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    findings
        .map(|finding| {
            let [severity, rule, detail] =
                ["severity", "rule", "detail"].map(|field| text(finding, field));
            format!("{severity} {rule}: {detail}")
        })
        .collect()
}

fn of_report(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let shown =
        findings.filter(|finding| matches!(finding["outcome"].as_str(), Some("fails" | "told")));
    shown.map(line).collect()
}

fn line(finding: &Value) -> String {
    let text = |field: &str| finding[field].as_str().map(str::to_owned);
    let parts = [
        text("severity"),
        text("rule"),
        text("connection").map(|connection| format!("#{connection}")),
        finding["packet"].as_u64().map(|packet| format!("packet {packet}")),
        text("from"),
    ];
    parts.into_iter().flatten().collect::<Vec<String>>().join(" ")
}
