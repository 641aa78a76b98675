//! wsdump shows the WebSocket traffic in a packet capture.

pub mod net;
pub mod types;
