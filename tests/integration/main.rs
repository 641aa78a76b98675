//! The built program, as a user runs it, and the project's own rules.
//!
//! `cfg(test)` tells clippy that these files may unwrap.

#[cfg(test)]
mod app;
#[cfg(test)]
mod app_logged;
#[cfg(test)]
mod binary_formats;
#[cfg(test)]
mod check_reports;
#[cfg(test)]
mod check_rules;
#[cfg(test)]
mod command;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod every_view;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod examples;
#[cfg(test)]
mod expectations;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod files;
#[cfg(test)]
mod filtered;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod follow;
#[cfg(test)]
mod inside;
#[cfg(test)]
#[cfg(all(libpcap, target_os = "linux"))]
mod interfaces;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod listed;
#[cfg(test)]
#[cfg(unix)]
mod live;
#[cfg(test)]
#[cfg(unix)]
mod live_filters;
#[cfg(test)]
mod long;
#[cfg(test)]
mod loss;
#[cfg(test)]
#[path = "../../benches/captures/mod.rs"]
mod made;
#[cfg(test)]
mod plain_json;
#[cfg(test)]
#[cfg(all(libpcap, target_os = "linux"))]
mod privileges;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod progress;
#[cfg(test)]
mod proposing;
#[cfg(test)]
#[cfg(all(libpcap, unix))]
mod pushdown;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod report_schemas;
#[cfg(test)]
mod rooms;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod rules_on_the_wire;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod stats;
#[cfg(test)]
#[cfg(unix)]
mod streams;
#[cfg(test)]
mod threads;
#[cfg(test)]
#[cfg(unix)]
mod traffic;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod views;
#[cfg(test)]
mod writing;
