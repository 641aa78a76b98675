//! Secrets that pcapng files carry beside their packets.

/// Bytes of secrets that are kept of one file until they are given. Key logs
/// have some 200 bytes for each TLS connection.
pub(super) const MAX_SECRETS: usize = 16 << 20;

/// What a Decryption Secrets Block holds (draft-ietf-opsawg-pcapng §4.7): what
/// decrypts packets that come after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// What it is, such as 0x544c534b: a TLS key log.
    pub kind: u32,
    /// The secrets, as their kind writes them.
    pub data: Vec<u8>,
}

/// Secrets that were read and not yet given.
#[derive(Debug, Default)]
pub(super) struct SecretsRead {
    secrets: Vec<Secrets>,
    bytes: usize,
    /// Blocks that were longer than is kept, alone or together, or broken.
    left_out: u64,
}

impl SecretsRead {
    /// Takes a block's secrets; `None` where they could not be read.
    pub(super) fn add(&mut self, kind: u32, data: Option<&[u8]>) {
        // An empty block costs something, too.
        let cost = |data: &[u8]| data.len() + size_of::<Secrets>();
        match data.filter(|data| self.bytes + cost(data) <= MAX_SECRETS) {
            Some(data) => {
                self.bytes += cost(data);
                self.secrets.push(Secrets { kind, data: data.to_vec() });
            }
            None => self.left_out += 1,
        }
    }

    /// Takes out what there is, and how many blocks were left out.
    pub(super) fn take(&mut self) -> (Vec<Secrets>, u64) {
        self.bytes = 0;
        (std::mem::take(&mut self.secrets), std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_that() {
        let mut read = SecretsRead::default();
        let half = vec![7; MAX_SECRETS / 2 - size_of::<Secrets>()];
        for data in [Some(&*half), Some(&*half), Some(&b""[..]), None] {
            read.add(1, data);
        }
        let (secrets, left_out) = read.take();
        assert_eq!((secrets.len(), left_out), (2, 2));
        read.add(1, Some(b""));
        assert_eq!(read.take(), (vec![Secrets { kind: 1, data: Vec::new() }], 0));
    }
}
