//! The bytes of a packet from some layer on.

use super::no_segment::{Fault, Layer, NoSegment};

/// The bytes of a packet from some layer on: those that were captured, and how
/// many there were on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a> {
    captured: &'a [u8],
    /// Bytes on the wire; never fewer than captured.
    length: usize,
    /// Where the layer begins in the packet.
    offset: usize,
}

impl<'a> Bytes<'a> {
    /// All of a packet. Some writers give no original length, so that the
    /// captured bytes may be more.
    pub(super) fn new(captured: &'a [u8], original_length: u32) -> Self {
        let length = usize::try_from(original_length).unwrap_or(usize::MAX);
        Self { captured, length: length.max(captured.len()), offset: 0 }
    }

    /// Bytes of which none are missing.
    pub(super) fn whole(captured: &'a [u8]) -> Self {
        Self { captured, length: captured.len(), offset: 0 }
    }

    /// The captured ones.
    pub(super) fn captured(self) -> &'a [u8] {
        self.captured
    }

    /// How many there were on the wire.
    pub(super) fn length(self) -> usize {
        self.length
    }

    /// How many of them were not captured.
    pub(super) fn cut(self) -> u32 {
        saturate(self.length - self.captured.len())
    }

    /// A header of `N` bytes, and what follows it.
    pub(super) fn header<const N: usize>(
        self,
        layer: Layer,
    ) -> Result<(&'a [u8; N], Self), NoSegment> {
        match self.captured.first_chunk() {
            Some(header) => Ok((header, self.after(N))),
            None => Err(self.too_short(layer, N)),
        }
    }

    /// What follows the first `count` bytes, which were captured.
    pub(super) fn after(self, count: usize) -> Self {
        Self {
            captured: self.captured.get(count..).unwrap_or_default(),
            length: self.length.saturating_sub(count),
            offset: self.offset + count,
        }
    }

    /// The first `length` bytes; the rest is padding.
    ///
    /// A layer's length field is believed also where the packet is said to have
    /// been shorter on the wire: what is captured can be used all the same, and
    /// the rest counts as cut.
    pub(super) fn of_length(self, length: usize) -> Self {
        let captured = self.captured.get(..length).unwrap_or(self.captured);
        Self { captured, length, ..self }
    }

    /// The error for a header of `needed` bytes that are not all there: the
    /// snap length's fault, or the packet's.
    pub(super) fn too_short(self, layer: Layer, needed: usize) -> NoSegment {
        if needed > self.length {
            let had = saturate(self.length);
            return self.malformed(layer, Fault::Short { needed: saturate(needed), had });
        }
        NoSegment::CutBySnapLength {
            layer,
            offset: saturate(self.offset),
            needed: saturate(needed),
            had: saturate(self.captured.len()),
        }
    }

    /// The error for a layer that begins here.
    pub(super) fn malformed(self, layer: Layer, fault: Fault) -> NoSegment {
        NoSegment::Malformed { layer, offset: saturate(self.offset), fault }
    }
}

/// `count`, or the most that 32 bits hold, which no packet exceeds.
pub(super) fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
