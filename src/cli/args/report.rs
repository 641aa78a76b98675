//! Where a check is reported: `--report FORM[=FILE]`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::error::ErrorKind;

use super::Refusal;
use crate::check::report::Form;

/// A report, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Report {
    pub(in crate::cli) form: Form,
    pub(in crate::cli) target: Target,
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Target {
    StandardOutput,
    File(PathBuf),
}

impl FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (form, file) = match text.split_once('=') {
            Some((form, file)) => (form, Some(file)),
            None => (text, None),
        };
        let target = match file {
            None | Some("-") => Target::StandardOutput,
            Some("") => return Err(format!("a file after {form}=, or {form} alone")),
            Some(file) => Target::File(file.into()),
        };
        let form = Form::named(form).ok_or_else(|| {
            let names = Form::ALL.map(Form::name).join(", ");
            format!("one of {names}, and a file after =")
        })?;
        Ok(Self { form, target })
    }
}

/// Why these cannot all be written, if that is certain.
pub(super) fn refused(reports: &[Report]) -> Option<Refusal> {
    let refuse = |sentence| Some((ErrorKind::ArgumentConflict, sentence));
    let on_output = reports.iter().filter(|report| report.target == Target::StandardOutput);
    let forms: Vec<Form> = on_output.map(|report| report.form).collect();
    let go_together = match forms.as_slice() {
        [] | [_] => true,
        [one, other] => {
            matches!((one, other), (Form::Human, Form::Github) | (Form::Github, Form::Human))
        }
        _ => false,
    };
    if !go_together {
        return refuse(
            "standard output takes one report, or human and github: name files for the others, as in --report junit=FILE",
        );
    }
    let mut files: Vec<&Path> = reports
        .iter()
        .filter_map(|report| match &report.target {
            Target::File(file) => Some(file.as_path()),
            Target::StandardOutput => None,
        })
        .collect();
    files.sort_unstable();
    if files.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return refuse("a file takes one report: name another for each");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Report {
        text.parse().unwrap()
    }

    #[test]
    fn a_form_and_where_it_goes() {
        for form in Form::ALL {
            let output = Report { form, target: Target::StandardOutput };
            assert_eq!(report(form.name()), output);
            assert_eq!(report(&format!("{}=-", form.name())), output);
            let file = Report { form, target: Target::File("a=b.xml".into()) };
            assert_eq!(report(&format!("{}=a=b.xml", form.name())), file);
        }
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for text in ["", "=", "xml", "xml=a", "junit=", "JUNIT", "-"] {
            assert!(text.parse::<Report>().is_err(), "{text}");
        }
    }

    #[test]
    fn reports_must_not_mix() {
        let is_refused = |texts: &[&str]| {
            refused(&texts.iter().map(|text| report(text)).collect::<Vec<_>>()).is_some()
        };
        for texts in [
            &[][..],
            &["json"],
            &["human", "github"],
            &["github=-", "human", "json=a", "junit=b"],
            &["json=a", "json=b"],
        ] {
            assert!(!is_refused(texts), "{texts:?}");
        }
        for texts in [
            &["json", "human"][..],
            &["human", "human"],
            &["github", "human", "tap"],
            &["json=a", "junit=a"],
        ] {
            assert!(is_refused(texts), "{texts:?}");
        }
    }
}
