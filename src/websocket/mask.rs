//! Masking (RFC 6455 §5.3).

/// Unmasks `bytes` in place. `phase` is the offset of the first of them in the
/// payload. Masking is its own inverse, so this masks too.
///
/// ```
/// let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58]; // RFC 6455 §5.7
/// wsdump::websocket::unmask(&mut bytes, [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(&bytes, b"Hello");
/// ```
pub fn unmask(bytes: &mut [u8], key: [u8; 4], phase: u64) {
    let mut key = key;
    key.rotate_left((phase % 4) as usize);
    let [a, b, c, d] = key;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    // Whole words let the compiler use its widest registers.
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for chunk in words {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length_and_phase_equal_the_definition() {
        let key = [1, 2, 4, 8];
        let payload: Vec<u8> = (0..100).collect();
        for start in 0..20 {
            for end in start..payload.len() {
                let mut bytes = payload[start..end].to_vec();
                unmask(&mut bytes, key, start as u64);
                for (index, byte) in bytes.iter().enumerate() {
                    assert_eq!(*byte, payload[start + index] ^ key[(start + index) % 4]);
                }
            }
        }
    }
}
