//! CBOR (RFC 8949).
//!
//! Beside what all formats have in common: undefined is `null`; a tag is
//! `{"tag":N,"value":…}`, but for those of bignums, which are numbers; a simple value
//! without a name is `{"simple":N}`; what has an indefinite length is as if it had a
//! definite one.

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use super::tree::Tree;
use super::{FormatError, all_of};
use crate::payload::literal::write_number;

/// The tags of unsigned and of negative bignums (RFC 8949 §3.4.3).
const UNSIGNED_BIGNUM: u64 = 2;
const NEGATIVE_BIGNUM: u64 = 3;

/// Bytes of a bignum that is written as a number, as many as the modulus of RSA has
/// with 4,096 bits. Longer ones stay tagged bytes: digits take time that grows with
/// the square of their number.
const LONGEST_BIGNUM: usize = 512;

/// The value that all of `bytes` is, as JSON.
pub(crate) fn to_json(bytes: &[u8]) -> Result<String, FormatError> {
    all_of(bytes, first_to_json)
}

/// The value that `bytes` begin with, as JSON, and how many of them it takes.
pub(crate) fn first_to_json(bytes: &[u8]) -> Result<(String, usize), FormatError> {
    let mut reader = Reader { decoder: Decoder::new(bytes), chunks: Vec::new() };
    let mut tree = Tree::default();
    while !tree.is_done() {
        reader.item(&mut tree)?;
    }
    Ok((tree.into_json(), reader.decoder.position()))
}

struct Reader<'a> {
    decoder: Decoder<'a>,
    /// Room in which a string of indefinite length is put together.
    chunks: Vec<u8>,
}

impl Reader<'_> {
    /// Gives the next item to `tree`.
    fn item(&mut self, tree: &mut Tree) -> Result<(), FormatError> {
        let at = self.decoder.position();
        let wrong = |error: Error| wrong(&error, at);
        let decoder = &mut self.decoder;
        let kind = decoder.datatype().map_err(wrong)?;
        match kind {
            Type::Bool => {
                let value = decoder.bool().map_err(wrong)?;
                tree.item(at..decoder.position()).boolean(value)
            }
            Type::Null => {
                decoder.null().map_err(wrong)?;
                tree.item(at..decoder.position()).null()
            }
            Type::Undefined => {
                decoder.undefined().map_err(wrong)?;
                tree.item(at..decoder.position()).null()
            }
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
                let number = decoder.u64().map_err(wrong)?;
                tree.item(at..decoder.position()).integer(number)
            }
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
                let number = i128::from(decoder.int().map_err(wrong)?);
                tree.item(at..decoder.position()).integer(number)
            }
            Type::F16 => {
                let number = half_precision(decoder).ok_or(FormatError::Ended { at })?;
                tree.item(at..decoder.position()).single(number)
            }
            Type::F32 => {
                let number = decoder.f32().map_err(wrong)?;
                tree.item(at..decoder.position()).single(number)
            }
            Type::F64 => {
                let number = decoder.f64().map_err(wrong)?;
                tree.item(at..decoder.position()).double(number)
            }
            Type::Simple => {
                let number = decoder.simple().map_err(wrong)?;
                tree.item(at..decoder.position()).object(|out| {
                    out.extend_from_slice(br#""simple":"#);
                    write_number(out, number);
                })
            }
            Type::Bytes | Type::BytesIndef => {
                let bytes = bytes(decoder, kind, &mut self.chunks).map_err(wrong)?;
                tree.item(at..decoder.position()).bytes(bytes)
            }
            Type::String | Type::StringIndef => self.text(tree),
            Type::Array | Type::ArrayIndef => {
                let length = decoder.array().map_err(wrong)?;
                tree.item(at..decoder.position()).array(length)
            }
            Type::Map | Type::MapIndef => {
                let length = decoder.map().map_err(wrong)?;
                tree.item(at..decoder.position()).map(length)
            }
            Type::Tag => self.tag(tree),
            Type::Break => {
                decoder.set_position(at + 1);
                tree.item(at..at + 1).end()
            }
            Type::Unknown(_) => Err(FormatError::Unknown { at }),
        }
    }

    fn text(&mut self, tree: &mut Tree) -> Result<(), FormatError> {
        let at = self.decoder.position();
        let wrong = |error: Error| match wrong(&error, at) {
            FormatError::Unknown { at } => FormatError::NotUtf8 { at },
            error => error,
        };
        if self.decoder.datatype().map_err(wrong)? == Type::String {
            let text = self.decoder.str().map_err(wrong)?;
            return tree.item(at..self.decoder.position()).text(text);
        }
        self.chunks.clear();
        for chunk in self.decoder.str_iter().map_err(wrong)? {
            self.chunks.extend_from_slice(chunk.map_err(wrong)?.as_bytes());
        }
        let text = str::from_utf8(&self.chunks).map_err(|_| FormatError::NotUtf8 { at })?;
        tree.item(at..self.decoder.position()).text(text)
    }

    fn tag(&mut self, tree: &mut Tree) -> Result<(), FormatError> {
        let at = self.decoder.position();
        let tag = self.decoder.tag().map_err(|error| wrong(&error, at))?.as_u64();
        let tagged = self.decoder.position();
        if matches!(tag, UNSIGNED_BIGNUM | NEGATIVE_BIGNUM)
            && let Ok(kind @ (Type::Bytes | Type::BytesIndef)) = self.decoder.datatype()
        {
            let bytes = bytes(&mut self.decoder, kind, &mut self.chunks)
                .map_err(|error| wrong(&error, tagged))?;
            if let Some(digits) = decimal(bytes, tag == NEGATIVE_BIGNUM) {
                return tree.item(at..self.decoder.position()).digits(&digits);
            }
            self.decoder.set_position(tagged);
        }
        tree.item(at..tagged).tag(tag)
    }
}

fn wrong(error: &Error, at: usize) -> FormatError {
    if error.is_end_of_input() { FormatError::Ended { at } } else { FormatError::Unknown { at } }
}

fn bytes<'b, 'a: 'b>(
    decoder: &mut Decoder<'a>,
    kind: Type,
    chunks: &'b mut Vec<u8>,
) -> Result<&'b [u8], Error> {
    if kind == Type::Bytes {
        return decoder.bytes();
    }
    chunks.clear();
    for chunk in decoder.bytes_iter()? {
        chunks.extend_from_slice(chunk?);
    }
    Ok(chunks)
}

/// A floating-point number of 16 bits: a sign, five bits of exponent, ten of
/// fraction (RFC 8949 §3.3, IEEE 754 binary16).
fn half_precision(decoder: &mut Decoder<'_>) -> Option<f32> {
    let start = decoder.position() + 1;
    let bits = decoder.input().get(start..)?.first_chunk().copied().map(u16::from_be_bytes)?;
    decoder.set_position(start + size_of::<u16>());
    let (exponent, fraction) = (bits >> 10 & 0x1f, f32::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction / 2f32.powi(24),
        0x1f if fraction == 0. => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (fraction / 1024. + 1.) * 2f32.powi(i32::from(exponent) - 15),
    };
    Some(if bits >> 15 == 1 { -size } else { size })
}

/// The number of a bignum, which has its most significant byte first; a negative one
/// is −1 less that. `None` if it is longer than [`LONGEST_BIGNUM`].
fn decimal(bytes: &[u8], is_negative: bool) -> Option<String> {
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = bytes.get(leading..).filter(|bytes| bytes.len() <= LONGEST_BIGNUM)?;
    let mut limbs: Vec<u32> = significant
        .rchunks(size_of::<u32>())
        .rev()
        .map(|limb| limb.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
        .collect();
    if is_negative {
        add_one(&mut limbs);
    }
    let digits = digits(limbs);
    Some(if is_negative { format!("-{digits}") } else { digits })
}

/// The limbs have the most significant one first.
fn add_one(limbs: &mut Vec<u32>) {
    for limb in limbs.iter_mut().rev() {
        let (sum, has_carry) = limb.overflowing_add(1);
        *limb = sum;
        if !has_carry {
            return;
        }
    }
    limbs.insert(0, 1);
}

/// Divides by a billion until nothing is left: nine digits each time.
fn digits(mut limbs: Vec<u32>) -> String {
    const BILLION: u64 = 1_000_000_000;
    let mut groups = Vec::new();
    while limbs.iter().any(|limb| *limb != 0) {
        let mut rest = 0;
        for limb in &mut limbs {
            let dividend = rest << 32 | u64::from(*limb);
            *limb = (dividend / BILLION) as u32;
            rest = dividend % BILLION;
        }
        groups.push(rest);
    }
    let mut text = groups.pop().unwrap_or(0).to_string();
    for group in groups.iter().rev() {
        text += &format!("{group:09}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::bytes_of;
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn is(hex: &str, json: &str) {
        assert_eq!(to_json(&bytes_of(hex)).as_deref(), Ok(json), "{hex}");
    }

    /// RFC 8949, Appendix A.
    #[test]
    fn the_examples_of_the_specification() {
        for (hex, json) in [
            ("00", "0"),
            ("17", "23"),
            ("1818", "24"),
            ("1903e8", "1000"),
            ("1a000f4240", "1000000"),
            ("1bffffffffffffffff", "18446744073709551615"),
            ("c249010000000000000000", "18446744073709551616"),
            ("3bffffffffffffffff", "-18446744073709551616"),
            ("c349010000000000000000", "-18446744073709551617"),
            ("20", "-1"),
            ("3903e7", "-1000"),
            ("f90000", "0.0"),
            ("f98000", "-0.0"),
            ("f93c00", "1.0"),
            ("fb3ff199999999999a", "1.1"),
            ("f93e00", "1.5"),
            ("f97bff", "65504.0"),
            ("fa47c35000", "100000.0"),
            ("fa7f7fffff", "3.4028235e+38"),
            ("fb7e37e43c8800759c", "1e+300"),
            ("f90001", "5.9604645e-8"),
            ("f90400", "0.000061035156"),
            ("f9c400", "-4.0"),
            ("fbc010666666666666", "-4.1"),
            ("f97c00", r#""Infinity""#),
            ("f97e00", r#""NaN""#),
            ("f9fc00", r#""-Infinity""#),
            ("fa7f800000", r#""Infinity""#),
            ("fb7ff8000000000000", r#""NaN""#),
            ("f4", "false"),
            ("f5", "true"),
            ("f6", "null"),
            ("f7", "null"),
            ("f0", r#"{"simple":16}"#),
            ("f8ff", r#"{"simple":255}"#),
            ("c11a514b67b0", r#"{"tag":1,"value":1363896240}"#),
            ("d74401020304", r#"{"tag":23,"value":{"base64":"AQIDBA=="}}"#),
            ("d818456449455446", r#"{"tag":24,"value":{"base64":"ZElFVEY="}}"#),
            ("40", r#"{"base64":""}"#),
            ("60", r#""""#),
            ("62225c", r#""\"\\""#),
            ("62c3bc", r#""ü""#),
            ("64f0908591", r#""𐅑""#),
            ("80", "[]"),
            ("8301820203820405", "[1,[2,3],[4,5]]"),
            ("a0", "{}"),
            ("a201020304", r#"{"1":2,"3":4}"#),
            ("a26161016162820203", r#"{"a":1,"b":[2,3]}"#),
            ("826161a161626163", r#"["a",{"b":"c"}]"#),
            ("5f42010243030405ff", r#"{"base64":"AQIDBAU="}"#),
            ("7f657374726561646d696e67ff", r#""streaming""#),
            ("9fff", "[]"),
            ("9f018202039f0405ffff", "[1,[2,3],[4,5]]"),
            ("83018202039f0405ff", "[1,[2,3],[4,5]]"),
            ("bf61610161629f0203ffff", r#"{"a":1,"b":[2,3]}"#),
            ("bf6346756ef563416d7421ff", r#"{"Fun":true,"Amt":-2}"#),
        ] {
            is(hex, json);
        }
    }

    #[test]
    fn bignums() {
        is("c240", "0");
        is("c340", "-1");
        is("c2420000", "0");
        is("c341ff", "-256");
        is("c344ffffffff", "-4294967296");
        is("c25f41014100ff", "256");
        is("c24a 0de0b6b3a7640000ffff", "65536000000000000065535");
        // Nothing else is one.
        is("c261ff".replace("61ff", "6161").as_str(), r#"{"tag":2,"value":"a"}"#);
        let long = |bytes: usize| {
            let mut value = vec![0xc2, 0x59, (bytes >> 8) as u8, bytes as u8];
            value.resize(4 + bytes, 0xff);
            to_json(&value).unwrap()
        };
        let longest = long(LONGEST_BIGNUM);
        assert_eq!(longest.len(), 1234);
        assert!(longest.starts_with("10443888814131525066") && longest.ends_with("190335"));
        assert!(long(LONGEST_BIGNUM + 1).starts_with(r#"{"tag":2,"value":{"base64":""#));
    }

    #[test]
    fn keys_that_are_no_strings_are_their_json() {
        is(
            "a3 20 01 c100 02 40 03",
            r#"{"-1":1,"{\"tag\":1,\"value\":0}":2,"{\"base64\":\"\"}":3}"#,
        );
    }

    /// Each of these bytes is written as fourteen.
    #[test]
    fn a_long_value_does_not_take_many_times_its_length() {
        let empty = |count: u16| {
            let [high, low] = count.to_be_bytes();
            let mut bytes = vec![0x99, high, low];
            bytes.resize(3 + usize::from(count), 0x40);
            to_json(&bytes)
        };
        assert!(empty(1000).is_ok());
        assert!(matches!(empty(60_000), Err(FormatError::Long { .. })));
    }

    #[test]
    fn values_in_a_row() {
        let bytes = bytes_of("9f01ff 6161");
        assert_eq!(to_json(&bytes), Err(FormatError::Trailing { at: 3 }));
        assert_eq!(first_to_json(&bytes), Ok(("[1]".into(), 3)));
        assert_eq!(first_to_json(&bytes[3..]), Ok((r#""a""#.into(), 2)));
    }

    #[test]
    fn a_value_that_is_cut_anywhere() {
        let whole = bytes_of(
            "a6 6161 420000 01 9f1903e8ff 02 5f410042ffffff 03 7f616162c3bcff 04 c249010000000000000000 05 83f93c00fa47c35000fb3ff199999999999a",
        );
        assert!(to_json(&whole).is_ok());
        for end in 0..whole.len() {
            let error = to_json(&whole[..end]).unwrap_err();
            assert!(matches!(error, FormatError::Ended { at } if at <= end), "{end}: {error}");
        }
    }

    #[test]
    fn what_is_not_well_formed() {
        for (hex, error) in [
            ("1c", FormatError::Unknown { at: 0 }),
            ("811f", FormatError::Unknown { at: 1 }),
            ("81dc", FormatError::Unknown { at: 1 }),
            ("ff", FormatError::Break { at: 0 }),
            ("81ff", FormatError::Break { at: 1 }),
            ("bf01ff", FormatError::Break { at: 2 }),
            ("9fc1ff", FormatError::Break { at: 2 }),
            ("62c328", FormatError::NotUtf8 { at: 0 }),
            ("9f5f6161ffff", FormatError::Unknown { at: 1 }),
        ] {
            assert_eq!(to_json(&bytes_of(hex)), Err(error), "{hex}");
        }
    }

    #[test]
    fn lengths_that_lie() {
        for head in ["5b", "7b", "9b", "bb"] {
            for length in ["ffffffffffffffff", "7fffffffffffffff", "00000000ffffffff"] {
                let error = to_json(&bytes_of(&format!("{head}{length} 00 00"))).unwrap_err();
                assert!(matches!(error, FormatError::Ended { .. }), "{head}: {error}");
            }
        }
    }

    #[test]
    fn as_deep_as_json_may_be_and_no_deeper() {
        let deep =
            |head: &str, levels: usize| to_json(&bytes_of(&format!("{}00", head.repeat(levels))));
        assert!(deep("81", 128).is_ok());
        assert_eq!(deep("81", 129), Err(FormatError::Deep { at: 128 }));
        assert_eq!(deep("9f", 1 << 20), Err(FormatError::Deep { at: 128 }));
        // Tags take more than their share.
        assert!(deep("c1", 50).is_ok());
        assert!(deep("d9ffff", 128).is_ok());
        assert_eq!(deep("d9ffff", 129), Err(FormatError::Deep { at: 384 }));
    }

    proptest! {
        /// Whatever comes, the JSON is what `classify` takes for JSON.
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok((json, length)) = first_to_json(&bytes) {
                prop_assert!(length <= bytes.len());
                prop_assert!(json.len() <= length * super::super::MOST_GROWTH + super::super::MOST_BEYOND);
                prop_assert!(matches!(
                    crate::payload::classify(json.as_bytes(), true),
                    crate::types::Body::Json(_)
                ), "{json}");
            }
        }

        #[test]
        fn bignums_of_128_bits(number: u128) {
            let bytes = number.to_be_bytes();
            prop_assert_eq!(decimal(&bytes, false), Some(number.to_string()));
            if let Ok(signed) = i128::try_from(number) {
                prop_assert_eq!(decimal(&bytes, true), Some((-1 - signed).to_string()));
            }
        }
    }
}
