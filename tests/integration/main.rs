//! The built program, as a user runs it, and the project's own rules.
//!
//! `cfg(test)` tells clippy that these files may unwrap.

#[cfg(test)]
mod command;
#[cfg(test)]
mod files;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod rooms;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod usage;
