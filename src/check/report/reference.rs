//! Where what a rule says can be read.

use super::harmless::harmless;
use crate::check::finding::{ExpectationName, Finding};

/// Where it stands that what was found must not be: in the expectations file, or in
/// an RFC.
pub(super) fn of(finding: &Finding) -> Option<String> {
    let stands = |expectation: &ExpectationName| {
        let ExpectationName { file, line, column, .. } = expectation;
        format!("{}:{line}:{column}", harmless(file))
    };
    let expected = finding.expectation.as_ref().map(stands);
    expected.or_else(|| finding.rule.reference().map(str::to_owned))
}

/// The page of the RFC editor to which `RFC 6455 §4.2.2` refers.
pub(super) fn url(reference: &str) -> Option<String> {
    let rest = reference.strip_prefix("RFC ")?;
    let (number, section) = match rest.split_once(" §") {
        Some((number, section)) => (number, Some(section)),
        None => (rest, None),
    };
    number.parse::<u32>().ok()?;
    let anchor = section.map(|section| format!("#section-{section}")).unwrap_or_default();
    Some(format!("https://www.rfc-editor.org/rfc/rfc{number}.html{anchor}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Rule;

    #[test]
    fn every_rule_has_a_page() {
        assert_eq!(
            url("RFC 6455 §4.2.2").as_deref(),
            Some("https://www.rfc-editor.org/rfc/rfc6455.html#section-4.2.2")
        );
        assert_eq!(url("RFC 793").as_deref(), Some("https://www.rfc-editor.org/rfc/rfc793.html"));
        assert_eq!(url("a note"), None);
        for rule in Rule::ALL {
            let url = url(rule.reference()).unwrap();
            assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
        }
    }
}
