//! MessagePack (spec.md of github.com/msgpack/msgpack).
//!
//! Beside what all formats have in common: an extension is
//! `{"ext":TYPE,"base64":"…"}`, and the one for time, type −1,
//! `{"timestamp":"…"}` in RFC 3339. Strings that are not UTF-8, as older writers have
//! bytes, stand as bytes.

use rmp::Marker;
use rmp::decode::{Bytes, RmpRead};

use super::tree::Tree;
use super::{FormatError, all_of};
use crate::payload::literal::{write_base64, write_number, write_string};

/// The extension type of timestamps.
const TIMESTAMP: i8 = -1;

/// The beginning of the year 0 in seconds since the epoch: RFC 3339 has no years
/// before.
const YEAR_0: i64 = -62_167_219_200;

/// The value that all of `bytes` is, as JSON.
pub(crate) fn to_json(bytes: &[u8]) -> Result<String, FormatError> {
    all_of(bytes, first_to_json)
}

/// The value that `bytes` begin with, as JSON, and how many of them it takes.
pub(crate) fn first_to_json(bytes: &[u8]) -> Result<(String, usize), FormatError> {
    let (mut reader, mut tree) = (Reader { bytes, rest: Bytes::new(bytes) }, Tree::default());
    while !tree.is_done() {
        let at = reader.position();
        reader.item(&mut tree).ok_or(FormatError::Ended { at })??;
    }
    Ok((tree.into_json(), reader.position()))
}

struct Reader<'a> {
    bytes: &'a [u8],
    rest: Bytes<'a>,
}

/// An item with its content. Containers are only begun.
enum Item<'a> {
    Null,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Single(f32),
    Double(f64),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Extension(i8, &'a [u8]),
    Array(u64),
    Map(u64),
    /// 0xc1, which is never used.
    Reserved,
}

/// Its methods give `None` where the bytes end first.
impl<'a> Reader<'a> {
    /// Gives the next item to `tree`.
    fn item(&mut self, tree: &mut Tree) -> Option<Result<(), FormatError>> {
        let at = self.position();
        let item = self.next()?;
        let tree = tree.item(at..self.position());
        Some(match item {
            Item::Null => tree.null(),
            Item::Boolean(value) => tree.boolean(value),
            Item::Unsigned(number) => tree.integer(number),
            Item::Signed(number) => tree.integer(number),
            Item::Single(number) => tree.single(number),
            Item::Double(number) => tree.double(number),
            Item::Text(text) => match str::from_utf8(text) {
                Ok(text) => tree.text(text),
                Err(_) => tree.bytes(text),
            },
            Item::Bytes(bytes) => tree.bytes(bytes),
            Item::Extension(kind, data) => extension(tree, kind, data),
            Item::Array(length) => tree.array(Some(length)),
            Item::Map(length) => tree.map(Some(length)),
            Item::Reserved => Err(FormatError::Unknown { at }),
        })
    }

    fn next(&mut self) -> Option<Item<'a>> {
        Some(match Marker::from_u8(self.u8()?) {
            Marker::Null => Item::Null,
            Marker::True => Item::Boolean(true),
            Marker::False => Item::Boolean(false),
            Marker::FixPos(number) => Item::Unsigned(number.into()),
            Marker::FixNeg(number) => Item::Signed(number.into()),
            Marker::U8 => Item::Unsigned(self.u8()?.into()),
            Marker::U16 => Item::Unsigned(self.u16()?.into()),
            Marker::U32 => Item::Unsigned(self.u32()?.into()),
            Marker::U64 => Item::Unsigned(self.rest.read_data_u64().ok()?),
            Marker::I8 => Item::Signed(self.i8()?.into()),
            Marker::I16 => Item::Signed(self.rest.read_data_i16().ok()?.into()),
            Marker::I32 => Item::Signed(self.rest.read_data_i32().ok()?.into()),
            Marker::I64 => Item::Signed(self.rest.read_data_i64().ok()?),
            Marker::F32 => Item::Single(self.rest.read_data_f32().ok()?),
            Marker::F64 => Item::Double(self.rest.read_data_f64().ok()?),
            Marker::FixStr(length) => Item::Text(self.take(length.into())?),
            Marker::Str8 => Item::Text(self.short()?),
            Marker::Str16 => Item::Text(self.medium()?),
            Marker::Str32 => Item::Text(self.long()?),
            Marker::Bin8 => Item::Bytes(self.short()?),
            Marker::Bin16 => Item::Bytes(self.medium()?),
            Marker::Bin32 => Item::Bytes(self.long()?),
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => {
                let length = self.u8()?;
                self.extension(length.into())?
            }
            Marker::Ext16 => {
                let length = self.u16()?;
                self.extension(length.into())?
            }
            Marker::Ext32 => {
                let length = self.u32()?;
                self.extension(length)?
            }
            Marker::FixArray(length) => Item::Array(length.into()),
            Marker::Array16 => Item::Array(self.u16()?.into()),
            Marker::Array32 => Item::Array(self.u32()?.into()),
            Marker::FixMap(length) => Item::Map(length.into()),
            Marker::Map16 => Item::Map(self.u16()?.into()),
            Marker::Map32 => Item::Map(self.u32()?.into()),
            Marker::Reserved => Item::Reserved,
        })
    }

    fn position(&self) -> usize {
        self.bytes.len() - self.rest.remaining_slice().len()
    }

    fn u8(&mut self) -> Option<u8> {
        self.rest.read_data_u8().ok()
    }

    fn i8(&mut self) -> Option<i8> {
        self.rest.read_data_i8().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.rest.read_data_u16().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.rest.read_data_u32().ok()
    }

    /// Content behind a length of 8 bits.
    fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// Content behind a length of 16 bits.
    fn medium(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// Content behind a length of 32 bits.
    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(length)
    }

    fn extension(&mut self, length: u32) -> Option<Item<'a>> {
        let kind = self.i8()?;
        Some(Item::Extension(kind, self.take(length)?))
    }

    fn take(&mut self, length: u32) -> Option<&'a [u8]> {
        let (content, rest) =
            self.rest.remaining_slice().split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = Bytes::new(rest);
        Some(content)
    }
}

fn extension(tree: &mut Tree, kind: i8, data: &[u8]) -> Result<(), FormatError> {
    if kind == TIMESTAMP
        && let Some(timestamp) = timestamp(data)
    {
        return tree.object(|out| {
            out.extend_from_slice(br#""timestamp":"#);
            write_string(out, &timestamp.to_string());
        });
    }
    tree.object(|out| {
        out.extend_from_slice(br#""ext":"#);
        write_number(out, kind);
        out.extend_from_slice(br#","base64":"#);
        write_base64(out, data);
    })
}

/// The moment that an extension of type −1 is: seconds of 32 bits; nanoseconds of 30
/// bits and seconds of 34; or nanoseconds of 32 bits and seconds of 64. `None` where
/// it is none, or one that RFC 3339 cannot tell.
fn timestamp(data: &[u8]) -> Option<jiff::Timestamp> {
    let (seconds, nanoseconds) = match *data {
        [a, b, c, d] => (i64::from(u32::from_be_bytes([a, b, c, d])), 0),
        [a, b, c, d, e, f, g, h] => {
            let both = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            ((both & 0x3_ffff_ffff) as i64, (both >> 34) as u32)
        }
        [a, b, c, d, ref seconds @ ..] => {
            let seconds = <[u8; 8]>::try_from(seconds).ok()?;
            (i64::from_be_bytes(seconds), u32::from_be_bytes([a, b, c, d]))
        }
        _ => return None,
    };
    if seconds < YEAR_0 || nanoseconds >= 1_000_000_000 {
        return None;
    }
    let whole = jiff::Timestamp::from_second(seconds).ok()?;
    whole.checked_add(jiff::SignedDuration::from_nanos(nanoseconds.into())).ok()
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

    /// The example at msgpack.org, and each format of the specification.
    #[test]
    fn every_format() {
        is("82 a7 636f6d70616374 c3 a6 736368656d61 00", r#"{"compact":true,"schema":0}"#);
        for (hex, json) in [
            ("c0", "null"),
            ("c2", "false"),
            ("7f", "127"),
            ("ff", "-1"),
            ("e0", "-32"),
            ("cc ff", "255"),
            ("cd ffff", "65535"),
            ("ce ffffffff", "4294967295"),
            ("cf ffffffffffffffff", "18446744073709551615"),
            ("d0 80", "-128"),
            ("d1 8000", "-32768"),
            ("d2 80000000", "-2147483648"),
            ("d3 8000000000000000", "-9223372036854775808"),
            ("ca 3dcccccd", "0.1"),
            ("cb 3fb999999999999a", "0.1"),
            ("cb 7e37e43c8800759c", "1e+300"),
            ("a0", r#""""#),
            ("d9 02 c3a9", r#""é""#),
            ("da 0001 22", r#""\"""#),
            ("db 00000001 0a", r#""\n""#),
            ("c4 02 ff00", r#"{"base64":"/wA="}"#),
            ("c5 0000", r#"{"base64":""}"#),
            ("c6 00000001 00", r#"{"base64":"AA=="}"#),
            ("90", "[]"),
            ("dc 0002 01 02", "[1,2]"),
            ("dd 00000001 90", "[[]]"),
            ("80", "{}"),
            ("de 0001 a161 80", r#"{"a":{}}"#),
            ("df 00000001 a161 92 01 80", r#"{"a":[1,{}]}"#),
            ("d4 05 ff", r#"{"ext":5,"base64":"/w=="}"#),
            ("d5 80 ffff", r#"{"ext":-128,"base64":"//8="}"#),
            ("c7 00 01", r#"{"ext":1,"base64":""}"#),
            ("c8 0001 01 00", r#"{"ext":1,"base64":"AA=="}"#),
            ("c9 00000001 01 00", r#"{"ext":1,"base64":"AA=="}"#),
        ] {
            is(hex, json);
        }
        for (length, marker) in [(1, "d4"), (2, "d5"), (4, "d6"), (8, "d7"), (16, "d8")] {
            let json = to_json(&bytes_of(&format!("{marker} 07 {}", "00".repeat(length)))).unwrap();
            assert!(json.starts_with(r#"{"ext":7,"base64":"AA"#), "{json}");
        }
    }

    #[test]
    fn floating_point_numbers_that_json_does_not_have() {
        is("ca 7fc00000", r#""NaN""#);
        is("cb 7ff0000000000000", r#""Infinity""#);
        is("ca ff800000", r#""-Infinity""#);
    }

    #[test]
    fn timestamps() {
        is("d6 ff 00000000", r#"{"timestamp":"1970-01-01T00:00:00Z"}"#);
        is("d6 ff ffffffff", r#"{"timestamp":"2106-02-07T06:28:15Z"}"#);
        is("d7 ff 00000004 00000001", r#"{"timestamp":"1970-01-01T00:00:01.000000001Z"}"#);
        is("d7 ff ee6b27fc 00000000", r#"{"timestamp":"1970-01-01T00:00:00.999999999Z"}"#);
        is(
            "c7 0c ff 00000001 ffffffffffffffff",
            r#"{"timestamp":"1969-12-31T23:59:59.000000001Z"}"#,
        );
        is("c7 0c ff 00000000 fffffff1868b8400", r#"{"timestamp":"0000-01-01T00:00:00Z"}"#);
    }

    #[test]
    fn what_is_no_moment_stays_an_extension() {
        // Too many nanoseconds; the year before 0; the end of time; no such length.
        for hex in [
            "d7 ff ee6b2800 00000000",
            "c7 0c ff 00000000 fffffff1868b83ff",
            "c7 0c ff 00000000 7fffffffffffffff",
            "d5 ff 0000",
            "c7 00 ff",
            "c7 03 ff 000000",
        ] {
            let json = to_json(&bytes_of(hex)).unwrap();
            assert!(json.starts_with(r#"{"ext":-1,"base64":"#), "{json}");
        }
    }

    #[test]
    fn strings_that_are_not_utf_8_are_bytes() {
        is("a2 c3 28", r#"{"base64":"wyg="}"#);
        is("81 a1 ff 01", r#"{"{\"base64\":\"/w==\"}":1}"#);
    }

    #[test]
    fn keys_that_are_no_strings_are_their_json() {
        is(
            "85 01 02 c0 03 91 a1 61 04 ca7fc00000 05 01 06",
            r#"{"1":2,"null":3,"[\"a\"]":4,"NaN":5,"1":6}"#,
        );
        is("81 81 a161 80 01", r#"{"{\"a\":{}}":1}"#);
    }

    #[test]
    fn values_in_a_row() {
        let bytes = bytes_of("01 a161 92 02 03");
        assert_eq!(to_json(&bytes), Err(FormatError::Trailing { at: 1 }));
        assert_eq!(first_to_json(&bytes), Ok(("1".into(), 1)));
        assert_eq!(first_to_json(&bytes[1..]), Ok((r#""a""#.into(), 2)));
        assert_eq!(first_to_json(&bytes[3..]), Ok(("[2,3]".into(), 3)));
    }

    #[test]
    fn a_value_that_is_cut_anywhere() {
        let whole = bytes_of(
            "84 a161 c402ffff 02 dc000101 cd0001 cb3fb999999999999a a162 d7ff0000000400000001",
        );
        assert!(to_json(&whole).is_ok());
        for end in 0..whole.len() {
            let error = to_json(&whole[..end]).unwrap_err();
            assert!(matches!(error, FormatError::Ended { at } if at <= end), "{end}: {error}");
        }
    }

    #[test]
    fn lengths_that_lie() {
        for hex in [
            "db ffffffff 61",
            "c6 ffffffff 00",
            "c9 ffffffff 05",
            "dd ffffffff 01",
            "df ffffffff 01 02",
        ] {
            let error = to_json(&bytes_of(hex)).unwrap_err();
            assert!(matches!(error, FormatError::Ended { .. }), "{hex}");
        }
        assert_eq!(to_json(&bytes_of("91 c1")), Err(FormatError::Unknown { at: 1 }));
    }

    #[test]
    fn as_deep_as_json_may_be_and_no_deeper() {
        let deep =
            |levels: usize, inner: &str| bytes_of(&format!("{}{inner}", "91".repeat(levels)));
        assert!(to_json(&deep(128, "00")).is_ok());
        assert_eq!(to_json(&deep(129, "00")), Err(FormatError::Deep { at: 128 }));
        assert!(to_json(&deep(127, "c400")).is_ok());
        assert_eq!(to_json(&deep(128, "c400")), Err(FormatError::Deep { at: 128 }));
        assert_eq!(to_json(&vec![0x91; 1 << 20]), Err(FormatError::Deep { at: 128 }));
    }

    #[test]
    fn keys_in_keys_do_not_grow_without_end() {
        let nested = |levels: usize| {
            let bytes =
                format!("{}{}", "81".repeat(levels), "a161".to_owned() + &"00".repeat(levels));
            to_json(&bytes_of(&bytes))
        };
        assert!(nested(5).is_ok());
        assert!(matches!(nested(60), Err(FormatError::Long { .. })), "{:?}", nested(60));
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
    }
}
