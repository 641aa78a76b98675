//! Packets of one TCP conversation.

/// Writes the packets that two sides would exchange.
pub struct Conversation {
    /// Next sequence number of each side.
    next: [u32; 2],
    ports: [u16; 2],
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const ACK: u8 = 16;

impl Conversation {
    /// One that has not begun, between a client's port and port 80.
    pub fn new(port: u16) -> Self {
        // So that one side's numbers wrap soon.
        Self { next: [1000, u32::MAX - 100], ports: [port, 80] }
    }

    /// The three packets of the handshake.
    pub fn open(&mut self) -> [Vec<u8>; 3] {
        let syn = self.packet(false, SYN, &[]);
        self.next[0] = self.next[0].wrapping_add(1);
        let syn_ack = self.packet(true, SYN | ACK, &[]);
        self.next[1] = self.next[1].wrapping_add(1);
        [syn, syn_ack, self.packet(false, ACK, &[])]
    }

    /// A packet with `payload`, all before it acknowledged.
    pub fn say(&mut self, backward: bool, payload: &[u8]) -> Vec<u8> {
        let packet = self.packet(backward, ACK, payload);
        self.pass(backward, payload.len());
        packet
    }

    /// `bytes` are sent and received, but not captured.
    pub fn pass(&mut self, backward: bool, bytes: usize) {
        let next = &mut self.next[usize::from(backward)];
        *next = next.wrapping_add(bytes as u32);
    }

    /// A FIN from each side, and the last acknowledgment.
    pub fn close(&mut self) -> [Vec<u8>; 3] {
        let first = self.packet(false, FIN | ACK, &[]);
        self.pass(false, 1);
        let second = self.packet(true, FIN | ACK, &[]);
        self.pass(true, 1);
        [first, second, self.packet(false, ACK, &[])]
    }

    /// A packet of link type RAW.
    fn packet(&self, backward: bool, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (from, to) = (usize::from(backward), usize::from(!backward));
        let ack = if flags & ACK == 0 { 0 } else { self.next[to] };
        let tcp = [
            &self.ports[from].to_be_bytes()[..],
            &self.ports[to].to_be_bytes(),
            &self.next[from].to_be_bytes(),
            &ack.to_be_bytes(),
            &[5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0],
            payload,
        ]
        .concat();
        datagram(from as u8 + 1, to as u8 + 1, 6, [0, 0], &tcp)
    }
}

/// An IPv4 datagram between two hosts, or a fragment of one.
pub fn datagram(from: u8, to: u8, protocol: u8, offset: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).unwrap_or(u16::MAX).to_be_bytes();
    let header = [0x45, 0, length[0], length[1], 0, 7, offset[0], offset[1], 64, protocol, 0, 0];
    [&header[..], &[10, 0, 0, from], &[10, 0, 0, to], payload].concat()
}
