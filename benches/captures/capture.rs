//! The file that a capture is.

use std::fs::File;
use std::io::{BufWriter, Error, Result, Write};
use std::path::Path;
use std::time::Duration;

use etherparse::{ArpEthIpv4Packet, ArpOperation, PacketBuilder};

use super::impairment::Impairment;

/// A pcap file in the making.
pub(crate) struct Capture {
    file: BufWriter<File>,
    /// Microseconds since it began.
    time: u64,
    /// Microseconds between two packets.
    pace: u64,
    /// Bytes of packets and their records.
    written: u64,
    impairment: Option<Impairment>,
    /// Nothing is captured at present.
    is_blind: bool,
}

impl Capture {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        const MAGIC: u32 = 0xa1b2_c3d4;
        const SNAP_LENGTH: u32 = 256 << 10;
        const ETHERNET: u32 = 1;
        const BUFFER: usize = 256 << 10;
        let mut file = BufWriter::with_capacity(BUFFER, File::create(path)?);
        for word in [MAGIC, 2 | 4 << 16, 0, 0, SNAP_LENGTH, ETHERNET] {
            file.write_all(&word.to_le_bytes())?;
        }
        Ok(Self { file, time: 0, pace: 10, written: 0, impairment: None, is_blind: false })
    }

    /// From now on packets are lost, doubled and late, and come at the pace of
    /// a slow network.
    pub(crate) fn impair(&mut self, impairment: Impairment) {
        self.impairment = Some(impairment);
        self.pace = 400;
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        if let Some(mut impairment) = self.impairment.take() {
            for packet in impairment.rest() {
                self.record(&packet)?;
            }
        }
        self.file.flush()
    }

    /// Bytes of packets and their records so far.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Lets time pass in which no packet comes.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.time += time.as_micros() as u64;
    }

    /// Does what is not captured.
    pub(crate) fn unseen<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.is_blind = true;
        let result = act(self);
        self.is_blind = false;
        result
    }

    /// A datagram of UDP over IPv4.
    pub(crate) fn datagram(
        &mut self,
        [source, target]: [([u8; 4], u16); 2],
        payload: &[u8],
    ) -> Result<()> {
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(source.0, target.0, 64)
            .udp(source.1, target.1);
        let mut packet = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut packet, payload).map_err(Error::other)?;
        self.packet(&packet)
    }

    /// Somebody asks for the Ethernet address of `wanted`.
    pub(crate) fn arp_request(&mut self, asker: [u8; 4], wanted: [u8; 4]) -> Result<()> {
        let request = ArpEthIpv4Packet {
            operation: ArpOperation::REQUEST,
            sender_mac: [2; 6],
            sender_ipv4: asker,
            target_mac: [0; 6],
            target_ipv4: wanted,
        };
        let builder = PacketBuilder::ethernet2([2; 6], [0xff; 6]).arp(request.into());
        let mut packet = Vec::with_capacity(builder.size());
        builder.write(&mut packet).map_err(Error::other)?;
        self.packet(&packet)
    }

    /// A packet as it passes by, which is captured unless something is in the
    /// way.
    pub(super) fn packet(&mut self, packet: &[u8]) -> Result<()> {
        if self.is_blind {
            return Ok(());
        }
        let Some(impairment) = &mut self.impairment else {
            return self.record(packet);
        };
        for packet in impairment.pass(packet) {
            self.record(&packet)?;
        }
        Ok(())
    }

    fn record(&mut self, packet: &[u8]) -> Result<()> {
        const BEGIN: u64 = 1_700_000_000;
        const SECOND: u64 = 1_000_000;
        self.time += self.pace;
        let seconds = (BEGIN + self.time / SECOND) as u32;
        let length = packet.len() as u32;
        let mut header = [0; 16];
        let words = [seconds, (self.time % SECOND) as u32, length, length];
        for (bytes, word) in header.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        self.file.write_all(&header)?;
        self.file.write_all(packet)?;
        self.written += (header.len() + packet.len()) as u64;
        Ok(())
    }
}
