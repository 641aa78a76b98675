//! stub
use crate::types::{Extension, Side};
#[derive(Clone, Copy)]
pub struct Deflate {
    pub client_no_context_takeover: bool,
    pub server_no_context_takeover: bool,
}
impl Deflate {
    pub fn negotiated(e: &[Extension]) -> Option<Self> {
        let d = e.iter().find(|e| e.name == "permessage-deflate")?;
        let has = |n: &str| d.params.iter().any(|(p, _)| p == n);
        Some(Self {
            client_no_context_takeover: has("client_no_context_takeover"),
            server_no_context_takeover: has("server_no_context_takeover"),
        })
    }
    pub fn keeps_context(self, side: Side) -> bool {
        match side {
            Side::Client => !self.client_no_context_takeover,
            Side::Server => !self.server_no_context_takeover,
        }
    }
}
