//! wsdump shows the WebSocket traffic in a packet capture.

pub mod capture;
pub mod types;
