//! What happens to packets on their way to the capture.

use super::random::Random;

/// Loses, doubles and delays packets.
pub(crate) struct Impairment {
    random: Random,
    /// Packets on a detour, and how many more packets overtake them.
    late: Vec<(usize, Vec<u8>)>,
}

impl Impairment {
    /// One packet in so many is lost, comes twice, comes late.
    const LOST: usize = 70;
    const DOUBLED: usize = 50;
    const LATE: usize = 25;

    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), late: Vec::new() }
    }

    /// The packets that arrive when `packet` is sent.
    pub(crate) fn pass(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let mut arrived = Vec::new();
        if self.random.one_in(Self::LATE) {
            self.late.push((self.random.between(1, 8), packet.to_vec()));
        } else if !self.random.one_in(Self::LOST) {
            arrived.push(packet.to_vec());
        }
        if self.random.one_in(Self::DOUBLED) {
            self.late.push((self.random.below(4), packet.to_vec()));
        }
        for (overtaking, _) in &mut self.late {
            *overtaking = overtaking.saturating_sub(1);
        }
        let due = self.late.extract_if(.., |(overtaking, _)| *overtaking == 0);
        arrived.extend(due.map(|(_, packet)| packet));
        arrived
    }

    /// The packets that are still on a detour.
    pub(crate) fn rest(&mut self) -> Vec<Vec<u8>> {
        self.late.drain(..).map(|(_, packet)| packet).collect()
    }
}
