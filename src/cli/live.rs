//! Opening interfaces, and what to do when that is refused.

use anyhow::Result;

use super::args::Arguments;
use crate::capture::Capture;
use crate::filter::Filter;

/// A live capture of the interfaces that the arguments name.
#[cfg(libpcap)]
pub(super) fn open(arguments: &Arguments, filter: Option<&Filter>) -> Result<Capture> {
    use super::privileges::Privileges;
    use crate::capture::{LiveError, LiveOptions};
    use crate::filter::bpf;

    let privileges = Privileges::of(arguments)?;

    let mut interfaces: Vec<String> = Vec::new();
    for name in &arguments.interface {
        if !interfaces.contains(name) {
            interfaces.push(name.clone());
        }
    }
    // Who wants every packet wants those too that are not to be shown.
    let hint = bpf(&arguments.selecting.selection(), filter).filter(|_| !arguments.write_all);
    let defaults = LiveOptions::default();
    let options = LiveOptions {
        interfaces,
        snap_length: arguments.snaplen.unwrap_or(defaults.snap_length),
        buffer_size: arguments.buffer_size.unwrap_or(defaults.buffer_size),
        promiscuous: !arguments.no_promiscuous,
        filter: arguments
            .selecting
            .capture_filter
            .clone()
            .filter(|filter| !filter.trim().is_empty()),
        hint,
    };
    let capture = Capture::live(&options).map_err(|error| match &error {
        LiveError::Permission { .. } => anyhow::anyhow!(
            "{error}: run it with sudo, or allow it once and for all with `sudo setcap cap_net_raw,cap_net_admin=eip {}`",
            program()
        ),
        LiveError::Missing { .. } => anyhow::anyhow!("{error}; `wsdump -D` tells more of them"),
        _ => error.into(),
    })?;
    // Before anything that others have a hand in is read or opened.
    let told = privileges.settle()?;
    if let Some(told) = told.filter(|_| arguments.telling.verbose) {
        super::say(&told);
    }
    Ok(capture)
}

/// The program, as it has to be named to setcap.
#[cfg(libpcap)]
fn program() -> String {
    let Ok(path) = std::env::current_exe() else {
        return "$(command -v wsdump)".into();
    };
    let path = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+".contains(letter);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Says what to install.
#[cfg(not(libpcap))]
pub(super) fn open(_: &Arguments, _: Option<&Filter>) -> Result<Capture> {
    Err(without_libpcap("capture live"))
}

/// Why something cannot be done.
#[cfg(not(libpcap))]
pub(super) fn without_libpcap(what: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "this build cannot {what}, as libpcap was not found: install it (Debian and Ubuntu: libpcap-dev, Fedora: libpcap-devel, Alpine: libpcap-dev) and build wsdump again"
    )
}
