//! wsdump shows the WebSocket traffic in a packet capture.

pub mod analyzer;
pub mod capture;
pub mod cli;
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
