//! The built program, as a user runs it, and the project's own rules.

mod command;
mod files;
mod recordings;
mod rooms;
mod schema;
mod snapshots;
mod usage;
