//! Captures made up for measurements and tests, written as they are made.
//!
//! ```text
//! Random ──► messages ──► Script ──────► Player ──────► Capture
//!            texts        turns of       a Connection    a pcap file,
//!                         frames         that plays it   Impairment on request
//! ```
//!
//! A [`Script`](script::Script) is made once and played by many connections, so
//! that a large capture takes no longer to make than its packets do. The same
//! request always gives the same bytes. Apart from `std` it needs only
//! `etherparse` and `flate2`.

#![allow(dead_code, unused_imports, reason = "whoever includes it takes a part of it")]

mod capture;
mod connection;
mod deflater;
mod frame;
mod impaired;
mod impairment;
mod messages;
mod noise;
mod player;
mod random;
mod script;
mod workload;

pub(crate) use capture::Capture;
pub(crate) use connection::{Connection, Side};
pub(crate) use deflater::Deflater;
pub(crate) use frame::{Header, frame};
pub(crate) use impaired::impaired;
pub(crate) use messages::{json, tick};
pub(crate) use random::Random;
pub(crate) use workload::{VERSION, Workload, connections};
