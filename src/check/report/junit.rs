//! JUnit's XML, as Jenkins' junit-10.xsd and Windy Road's JUnit.xsd have it.
//!
//! ```xml
//! <testsuites>
//!   <testsuite name="protocol" …>
//!     <properties>…</properties>
//!     <testcase name="accept-mismatch" classname="wsdump.protocol" time="0">
//!       <failure type="accept-mismatch" message="…">…</failure>
//!     </testcase>
//!     <system-out>…</system-out>
//!     <system-err/>
//!   </testsuite>
//! </testsuites>
//! ```
//!
//! Windy Road's schema has no `system-out` in a test case, so that what does not fail
//! is told by the suite.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::cases::{Case, Suite, lines, suites};
use super::harmless::harmless;
use crate::check::verdict::Verdict;
use crate::output::rfc3339;
use crate::types::Timestamp;

pub(super) fn render(verdict: &Verdict) -> Vec<u8> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to a vector cannot fail.
    let _ = write(verdict, &mut writer);
    let mut out = writer.into_inner();
    out.push(b'\n');
    out
}

type Xml = Writer<Vec<u8>>;

fn write(verdict: &Verdict, writer: &mut Xml) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").write_inner_content(|writer| {
        let suites = suites(verdict);
        suites
            .iter()
            .enumerate()
            .try_for_each(|(id, suite)| write_suite(verdict, id, suite, writer))
    })?;
    Ok(())
}

fn write_suite(
    verdict: &Verdict,
    id: usize,
    suite: &Suite<'_>,
    writer: &mut Xml,
) -> io::Result<()> {
    let failures = suite.cases.iter().filter(|case| case.has_failed()).count();
    let attributes = [
        ("name", suite.name.to_owned()),
        ("package", "wsdump".to_owned()),
        ("id", id.to_string()),
        ("timestamp", timestamp(verdict)),
        // Which machine reads a capture says nothing about it, nor how long it takes.
        ("hostname", "localhost".to_owned()),
        ("time", "0".to_owned()),
        ("tests", suite.cases.len().to_string()),
        ("failures", failures.to_string()),
        ("errors", "0".to_owned()),
    ];
    let attributes = attributes.iter().map(|(name, value)| (*name, value.as_str()));
    writer.create_element("testsuite").with_attributes(attributes).write_inner_content(
        |writer| {
            write_properties(verdict, writer)?;
            suite.cases.iter().try_for_each(|case| write_case(suite, case, writer))?;
            let told = told(suite);
            let output = writer.create_element("system-out");
            if told.is_empty() {
                output.write_empty()?;
            } else {
                output.write_text_content(BytesText::new(&told))?;
            }
            writer.create_element("system-err").write_empty()?;
            Ok(())
        },
    )?;
    Ok(())
}

/// When the capture begins, to the second and without a zone, as the schema wants it.
fn timestamp(verdict: &Verdict) -> String {
    const SECONDS: usize = "1970-01-01T00:00:00".len();
    let mut text = rfc3339(verdict.begin.unwrap_or(Timestamp::from_nanoseconds(0)));
    text.truncate(SECONDS);
    text
}

fn write_properties(verdict: &Verdict, writer: &mut Xml) -> io::Result<()> {
    let mut properties: Vec<(&str, String)> =
        verdict.files.iter().map(|file| ("file", text(file))).collect();
    properties.push(("connections", verdict.connections.to_string()));
    properties.push(("messages", verdict.messages.to_string()));
    writer.create_element("properties").write_inner_content(|writer| {
        for (name, value) in &properties {
            let attributes = [("name", *name), ("value", value.as_str())];
            writer.create_element("property").with_attributes(attributes).write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_case(suite: &Suite<'_>, case: &Case<'_>, writer: &mut Xml) -> io::Result<()> {
    let (name, class) = (text(case.name), format!("wsdump.{}", suite.name));
    let attributes = [("name", name.as_str()), ("classname", class.as_str()), ("time", "0")];
    let element = writer.create_element("testcase").with_attributes(attributes);
    if !case.has_failed() {
        element.write_empty()?;
        return Ok(());
    }
    let message = text(&case.message());
    let mut all: Vec<String> = case.failing.iter().flat_map(|finding| lines(finding)).collect();
    if case.dropped() > 0 {
        all.push(format!("{} more were not kept", case.dropped()));
    }
    let all = text_of_lines(&all);
    element.write_inner_content(|writer| {
        let attributes = [("type", case.rule), ("message", message.as_str())];
        let failure = writer.create_element("failure").with_attributes(attributes);
        failure.write_text_content(BytesText::new(&all))?;
        Ok(())
    })?;
    Ok(())
}

/// What does not fail, a finding a line.
fn told(suite: &Suite<'_>) -> String {
    let told = suite.cases.iter().flat_map(|case| {
        case.told.iter().flat_map(|finding| {
            let mut lines = lines(finding);
            if let Some(first) = lines.first_mut() {
                let expectation = finding.expectation.as_ref();
                let name = expectation.map(|expected| format!(" {}", expected.name));
                let (severity, rule, name) =
                    (finding.severity, finding.rule, name.unwrap_or_default());
                *first = format!("{severity} {rule}{name}: {first}");
            }
            lines
        })
    });
    text_of_lines(&told.collect::<Vec<_>>())
}

/// Lines that are each fit for a log already.
fn text_of_lines(lines: &[String]) -> String {
    lines.iter().map(|line| text(line)).collect::<Vec<_>>().join("\n")
}

/// `text` on one line, of characters that XML 1.0 has (§2.2): it lacks most control
/// characters, which are hazardous anyway, and these two.
fn text(text: &str) -> String {
    harmless(text).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}
