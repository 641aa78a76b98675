//! Types that the first bytes show.
//!
//! Own table: libraries also go by two bytes, such as `BM` or `MZ`, with which many a
//! message begins that is something else.

/// What bytes are, by their signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// Its usual name.
    pub(super) format: &'static str,
    /// In IANA's registry, where it has one.
    pub(super) media_type: &'static str,
}

/// Those that begin with what no other begins with.
const BEGINNINGS: &[(&[u8], &str, &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"GIF87a", "gif", "image/gif"),
    (b"GIF89a", "gif", "image/gif"),
    (b"II*\0", "tiff", "image/tiff"),
    (b"MM\0*", "tiff", "image/tiff"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2", "image/jp2"),
    (b"8BPS\0\x01", "psd", "image/vnd.adobe.photoshop"),
    (b"fLaC\0\0\0\"", "flac", "audio/flac"),
    (b"MThd\0\0\0\x06", "midi", "audio/midi"),
    (b"FLV\x01", "flv", "video/x-flv"),
    (b"%PDF-", "pdf", "application/pdf"),
    (b"PK\x03\x04", "zip", "application/zip"),
    (b"PK\x05\x06\0\0\0\0", "zip", "application/zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "rar", "application/vnd.rar"),
    (b"\xfd7zXZ\0", "xz", "application/x-xz"),
    (b"\x04\"M\x18", "lz4", "application/x-lz4"),
    (b"\0asm\x01\0\0\0", "wasm", "application/wasm"),
    (b"\x7fELF", "elf", "application/x-elf"),
    (b"SQLite format 3\0", "sqlite", "application/vnd.sqlite3"),
    (b"\x0a\x0d\x0d\x0a", "pcapng", "application/vnd.tcpdump.pcap"),
    (b"\xd4\xc3\xb2\xa1\x02\0", "pcap", "application/vnd.tcpdump.pcap"),
    (b"\xa1\xb2\xc3\xd4\0\x02", "pcap", "application/vnd.tcpdump.pcap"),
    (b"ARROW1\0\0", "arrow", "application/vnd.apache.arrow.file"),
    (b"glTF\x02\0\0\0", "glb", "model/gltf-binary"),
    (b"wOFF", "woff", "font/woff"),
    (b"wOF2", "woff2", "font/woff2"),
    (b"\xac\xed\0\x05", "java-serialized", "application/x-java-serialized-object"),
    // A cluster of its own, as recorders of browsers send them.
    (b"\x1f\x43\xb6\x75", "webm", "video/webm"),
];

/// What RIFF files hold, by the name at byte 8.
const RIFF: &[(&[u8], &str, &str)] = &[
    (b"WEBP", "webp", "image/webp"),
    (b"WAVE", "wav", "audio/wav"),
    (b"AVI ", "avi", "video/x-msvideo"),
];

/// What ISO base media files hold, by their major brand (ISO/IEC 14496-12 §4.3).
const BRANDS: &[(&[u8], &str, &str)] = &[
    (b"avif", "avif", "image/avif"),
    (b"avis", "avif", "image/avif"),
    (b"heic", "heic", "image/heic"),
    (b"heix", "heic", "image/heic"),
    (b"mif1", "heif", "image/heif"),
    (b"M4A ", "mp4", "audio/mp4"),
    (b"qt  ", "mov", "video/quicktime"),
];

/// Boxes with which segments of such a file begin (§8.16).
const SEGMENTS: &[&[u8]] = &[b"styp", b"sidx", b"moof"];

/// How far into a Matroska file its document type stands (RFC 8794 §11.2).
const EBML_HEADER: usize = 64;

/// What `bytes` are, if they show it beyond doubt.
pub(super) fn signature(bytes: &[u8]) -> Option<Signature> {
    let of = |(_, format, media_type): &(_, &'static str, &'static str)| Signature {
        format,
        media_type,
    };
    let at = |offset: usize| bytes.get(offset..).unwrap_or_default();
    let found = BEGINNINGS.iter().find(|(beginning, ..)| bytes.starts_with(beginning));
    if let Some(found) = found {
        return Some(of(&(&[][..], found.1, found.2)));
    }
    if bytes.starts_with(b"RIFF") {
        return RIFF.iter().find(|(name, ..)| at(8).starts_with(name)).map(of);
    }
    if at(4).starts_with(b"ftyp") {
        let other = Signature { format: "mp4", media_type: "video/mp4" };
        return Some(BRANDS.iter().find(|(name, ..)| at(8).starts_with(name)).map_or(other, of));
    }
    shown_by_more(bytes).map(|(format, media_type)| Signature { format, media_type })
}

/// Those of which the first bytes alone do not tell enough.
fn shown_by_more(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let at = |offset: usize| bytes.get(offset..).unwrap_or_default();
    match *bytes {
        // What follows the start of the image is another marker (ITU-T T.81 §B.1.1).
        [0xff, 0xd8, 0xff, 0xc0..=0xfe, ..] => Some(("jpeg", "image/jpeg")),
        // The length of the file stands in it.
        [b'B', b'M', a, b, c, d, ..]
            if usize::try_from(u32::from_le_bytes([a, b, c, d])) == Ok(bytes.len()) =>
        {
            Some(("bmp", "image/bmp"))
        }
        [b'O', b'g', b'g', b'S', 0, ..] => Some(match at(28) {
            [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => ("opus", "audio/ogg"),
            _ => ("ogg", "application/ogg"),
        }),
        // Its versions, and a length of which each byte has seven bits.
        [b'I', b'D', b'3', 2..=4, _, _, 0..0x80, 0..0x80, 0..0x80, 0..0x80, ..] => {
            Some(("mp3", "audio/mpeg"))
        }
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => {
            Some(("bzip2", "application/x-bzip2"))
        }
        [0x1a, 0x45, 0xdf, 0xa3, ..] => {
            let header = bytes.get(..EBML_HEADER.min(bytes.len())).unwrap_or_default();
            let is_webm = header.windows(4).any(|name| name == b"webm");
            Some(if is_webm { ("webm", "video/webm") } else { ("matroska", "video/matroska") })
        }
        _ if SEGMENTS.iter().any(|name| at(4).starts_with(name)) && is_box(bytes) => {
            Some(("mp4", "video/mp4"))
        }
        _ if at(257).starts_with(b"ustar") => Some(("tar", "application/x-tar")),
        _ => None,
    }
}

/// Whether a box begins here that the bytes have room for.
fn is_box(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk().map(|length| u32::from_be_bytes(*length));
    length.is_some_and(|length| {
        usize::try_from(length).is_ok_and(|length| (8..=bytes.len()).contains(&length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(bytes: &[u8], format: &str, media_type: &str) {
        let signature = signature(bytes).unwrap();
        assert_eq!((signature.format, signature.media_type), (format, media_type), "{bytes:?}");
    }

    #[test]
    fn every_beginning() {
        for (beginning, format, media_type) in BEGINNINGS {
            is(beginning, format, media_type);
            assert_eq!(signature(&beginning[..beginning.len() - 1]), None, "{format}");
        }
    }

    #[test]
    fn containers_by_what_they_hold() {
        for (name, format, media_type) in RIFF {
            is(&[b"RIFF\x24\0\0\0", *name].concat(), format, media_type);
        }
        for (name, format, media_type) in BRANDS {
            is(&[b"\0\0\0\x18ftyp", *name].concat(), format, media_type);
        }
        is(b"\0\0\0\x18ftypiso5", "mp4", "video/mp4");
        is(b"\0\0\0\x08moof", "mp4", "video/mp4");
        is(b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "webm", "video/webm");
        is(b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", "matroska", "video/matroska");
        let ogg = |codec: &[u8]| [b"OggS\0\x02", &[0; 22][..], codec].concat();
        is(&ogg(b"OpusHead"), "opus", "audio/ogg");
        is(&ogg(b"\x01vorbis"), "ogg", "application/ogg");
    }

    #[test]
    fn those_of_which_more_is_looked_at() {
        is(b"\xff\xd8\xff\xe0\0\x10JFIF", "jpeg", "image/jpeg");
        is(b"BM\x08\0\0\0\0\0", "bmp", "image/bmp");
        is(b"ID3\x04\0\0\0\0\x01\x7f", "mp3", "audio/mpeg");
        is(b"BZh91AY&SY", "bzip2", "application/x-bzip2");
        is(&[&[b'a'; 257][..], b"ustar\x0000"].concat(), "tar", "application/x-tar");
    }

    #[test]
    fn what_only_looks_like_them() {
        for bytes in [
            &b""[..],
            b"BM\x09\0\0\0\0\0",
            b"\xff\xd8\xff\xff",
            b"\xff\xd8",
            b"ID3\x09\0\0\0\0\0\0",
            b"ID3\x04\0\0\xff\0\0\0",
            b"BZh9 is what it says",
            b"RIFF\0\0\0\0ABCD",
            b"\0\0\xff\xffmoof",
            b"\0\0\0\x04moof",
            b"MZ\x90\0\x03\0\0\0",
            b"Oggs",
        ] {
            assert_eq!(signature(bytes), None, "{bytes:?}");
        }
    }
}
