//! wsdump shows the WebSocket traffic in a packet capture.

pub mod output;
pub mod types;
