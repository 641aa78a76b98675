//! wsdump shows the WebSocket traffic in a packet capture: who connected,
//! whether the server's `Sec-WebSocket-Accept` proves the handshake, and every
//! message, unmasked and put together.
//!
//! Packets go in, [events](types::Event) come out:
//!
//! ```
//! use wsdump::analyzer::{Analyzer, Options};
//! use wsdump::capture::{Capture, Input, Step};
//! use wsdump::types::{Body, Event, Kind};
//!
//! let mut capture = Capture::open(vec![Input::File("captures/handwritten.pcap".into())]);
//! let mut analyzer = Analyzer::new(Options::default());
//! let mut said = Vec::new();
//! let mut sink = |event: &Event<'_>| {
//!     if let Kind::Message(message) = event.kind
//!         && let Body::Text(text) = message.body
//!     {
//!         said.push(format!("{}: {text}", message.from));
//!     }
//! };
//! loop {
//!     match capture.next() {
//!         Step::Packet(packet, sources) => analyzer.packet(&packet, sources, &mut sink),
//!         Step::Starved => {} // the next call reads and may block
//!         Step::Idle(_) => {} // only of what is captured just now
//!         Step::Secrets(_) => {} // of pcapng files that have the keys with them
//!         Step::Problem(error) => panic!("{error}"),
//!         Step::End => break,
//!     }
//! }
//! analyzer.finish(capture.sources(), &mut sink);
//! assert_eq!(said[..2], ["client: hello", "server: hello"]);
//! ```
//!
//! # One way through
//!
//! ```text
//! capture ──► net ──► tcp ──► tls ──► http ──► websocket ──► payload ──► filter ──► output
//! packets    segments  bytes           handshake  frames,      JSON, text  keep?    text, JSON,
//!                                                 messages     or bytes             tables
//!            └──────────────── analyzer: packets in, events out ─────────┘
//! ```
//!
//! Data goes one way. Each module knows the small [`types`] that it takes and
//! gives and no other; [`analyzer`] alone joins them. From [`net`] to
//! [`payload`] nothing reads, writes, waits, looks at a clock, starts a thread
//! or prints: bytes go in with their capture time, events come out to a
//! [`Sink`](types::Sink). Only [`capture`], [`engine`], [`output`] and [`cli`]
//! deal with the world. docs/architecture.md tells why things are as they are.
//!
//! # Hostile input
//!
//! Captures are made of what anybody sent. No bytes make this crate panic,
//! loop or remember more than [`Limits`](types::Limits) allows; what is
//! damaged is told, and what comes after it is still read.

pub mod analyzer;
pub mod capture;
pub mod check;
pub mod cli;
pub mod diff;
pub mod engine;
pub mod filter;
pub mod http;
pub mod net;
pub mod output;
pub mod payload;
pub mod tcp;
pub mod tls;
pub mod types;
pub mod websocket;
