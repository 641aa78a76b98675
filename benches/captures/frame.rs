//! Frames of WebSocket (RFC 6455 §5.2).

use super::connection::Side;

const FIN: u8 = 0x80;

/// What a frame says before its payload: the last or only one of a message.
pub(crate) struct Header {
    /// FIN, RSV1 where the message is compressed, and the opcode.
    first: u8,
    length: u64,
    /// What a client masks with.
    key: [u8; 4],
}

impl Header {
    pub(crate) const CONTINUATION: u8 = 0;
    pub(crate) const TEXT: u8 = 1;
    pub(crate) const BINARY: u8 = 2;
    pub(crate) const CLOSE: u8 = 8;
    pub(crate) const PING: u8 = 9;
    pub(crate) const PONG: u8 = 10;
    pub(crate) const RSV1: u8 = 0x40;

    pub(crate) fn new(first: u8, length: usize) -> Self {
        const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
        Self { first: FIN | first, length: length as u64, key: KEY }
    }

    /// The same with that masking key.
    pub(crate) fn keyed(self, key: [u8; 4]) -> Self {
        Self { key, ..self }
    }

    /// The same where more of the message follows.
    pub(crate) fn unfinished(self) -> Self {
        Self { first: self.first & !FIN, ..self }
    }

    /// The bytes of the header.
    pub(crate) fn bytes(&self, from: Side) -> Vec<u8> {
        const MASK: u8 = 0x80;
        let mask = if from == Side::Client { MASK } else { 0 };
        let mut bytes = vec![self.first];
        match self.length {
            0..=125 => bytes.push(mask | self.length as u8),
            126..=0xffff => {
                bytes.push(mask | 126);
                bytes.extend((self.length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend(self.length.to_be_bytes());
            }
        }
        if from == Side::Client {
            bytes.extend(self.key);
        }
        bytes
    }

    /// The header and its payload.
    pub(crate) fn frame(&self, from: Side, payload: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes(from);
        let start = bytes.len();
        bytes.extend(payload);
        if from == Side::Client {
            for chunk in bytes[start..].chunks_mut(4) {
                chunk.iter_mut().zip(self.key).for_each(|(byte, mask)| *byte ^= mask);
            }
        }
        bytes
    }
}

/// A frame that is a whole message.
pub(crate) fn frame(first: u8, from: Side, payload: &[u8]) -> Vec<u8> {
    Header::new(first, payload.len()).frame(from, payload)
}
