//! What `--ip` and `--port` tell the kernel: never too little, and no more than
//! it takes.

use std::process::{Command, Stdio};

use wsdump::capture::{Capture, CaptureFilter, Input, Step};
use wsdump::filter::{Selection, bpf};
use wsdump::net::Decoder;
use wsdump::types::{Limits, LinkType, Origin, Packet, SourceId};

use crate::command::{capture, run, skip, wsdump};
use crate::live::{Watch, can_capture};

const ETHERNET_HEADER: usize = 14;

/// The Ethernet frames of a recording.
pub(crate) fn frames(name: &str) -> Vec<Vec<u8>> {
    let mut capture = Capture::open(vec![Input::File(capture(name))]);
    let mut frames = Vec::new();
    loop {
        match capture.next() {
            Step::Packet(packet, _) => frames.push(packet.data.to_vec()),
            Step::Starved | Step::Secrets(_) | Step::Idle(_) => {}
            Step::Problem(error) => panic!("{error}"),
            Step::End => return frames,
        }
    }
}

/// A frame with this between its addresses and its type.
fn with_tags(frame: &[u8], tags: &[u8]) -> Vec<u8> {
    [&frame[..12], tags, &frame[12..]].concat()
}

/// The frames that an IPv4 packet makes when each may carry `size` bytes.
fn fragments(frame: &[u8], size: usize, identification: u16) -> Vec<Vec<u8>> {
    let (ethernet, ip) = frame.split_at(ETHERNET_HEADER);
    let header = &ip[..usize::from(ip[0] & 0xf) * 4];
    let length = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    let payload = &ip[header.len()..length];
    let count = payload.len().div_ceil(size);
    payload
        .chunks(size)
        .enumerate()
        .map(|(number, piece)| {
            let more = u16::from(number + 1 < count) << 13;
            let offset = more | u16::try_from(number * size / 8).unwrap();
            let mut header = header.to_vec();
            let length = u16::try_from(header.len() + piece.len()).unwrap();
            header[2..4].copy_from_slice(&length.to_be_bytes());
            header[4..6].copy_from_slice(&identification.to_be_bytes());
            header[6..8].copy_from_slice(&offset.to_be_bytes());
            header[10..12].fill(0);
            [ethernet, &header, piece].concat()
        })
        .collect()
}

/// One TCP segment to port 8080 as an IPv6 packet, with these extension headers
/// in front of it, the first of kind `first`.
fn ipv6(first: u8, extensions: &[u8]) -> Vec<u8> {
    let mut tcp =
        vec![0x1f, 0x91, 0x1f, 0x90, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0, 1, 0, 0, 0, 0];
    tcp.extend(b"GET / HTTP/1.1\r\n");
    let length = u16::try_from(extensions.len() + tcp.len()).unwrap();
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([first, 64]);
    let address = |last: u8| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    packet.extend(address(1));
    packet.extend(address(2));
    packet.extend(extensions);
    packet.extend(tcp);
    packet
}

/// The same as IPv4, from 192.0.2.1 to 192.0.2.2, with these options.
fn ipv4(protocol: u8, options: &[u8], inside: &[u8]) -> Vec<u8> {
    let tcp = &ipv6(6, &[])[40..];
    let length = u16::try_from(20 + options.len() + inside.len() + tcp.len()).unwrap();
    let mut packet = vec![0x45 + u8::try_from(options.len() / 4).unwrap(), 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    packet.extend(options);
    packet.extend(inside);
    packet.extend(tcp);
    packet
}

/// Packets of one conversation, and what they begin with.
fn packets() -> Vec<(LinkType, Vec<u8>)> {
    let authentication = [6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let datagrams = [
        (false, ipv4(6, &[], &[])),
        (false, ipv4(6, &[1, 1, 1, 0], &[])),
        (false, ipv4(51, &[], &authentication)),
        (true, ipv6(6, &[])),
        (true, ipv6(0, &[6, 0, 1, 4, 0, 0, 0, 0])),
        (true, ipv6(60, &[6, 0, 1, 4, 0, 0, 0, 0])),
        (true, ipv6(0, &[60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0])),
        (true, ipv6(44, &[6, 0, 0, 0, 0, 0, 0, 9])),
        (true, ipv6(51, &authentication)),
    ];
    let mut packets = Vec::new();
    for (is_ipv6, datagram) in datagrams {
        let (kind, family, ppp): ([u8; 2], u8, [u8; 2]) =
            if is_ipv6 { ([0x86, 0xdd], 10, [0, 0x57]) } else { ([8, 0], 2, [0, 0x21]) };
        let mut add = |link_type: LinkType, header: &[u8]| {
            packets.push((link_type, [header, datagram.as_slice()].concat()));
        };
        let addresses = [2; 12];
        add(LinkType::RAW, &[]);
        add(LinkType::ETHERNET, &[&addresses[..], &kind].concat());
        add(LinkType::ETHERNET, &[&addresses[..], &[0x81, 0, 0, 7], &kind].concat());
        add(
            LinkType::ETHERNET,
            &[&addresses[..], &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8], &kind].concat(),
        );
        let session = u16::try_from(datagram.len() + 2).unwrap().to_be_bytes();
        add(
            LinkType::ETHERNET,
            &[&addresses[..], &[0x88, 0x64, 0x11, 0, 0, 1], &session, &ppp].concat(),
        );
        let snap = [0xaa, 0xaa, 3, 0, 0, 0];
        let length = u16::try_from(snap.len() + 2 + datagram.len()).unwrap().to_be_bytes();
        add(LinkType::ETHERNET, &[&addresses[..], &length, &snap, &kind].concat());
        add(
            LinkType::LINUX_SLL,
            &[&[0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0][..], &kind].concat(),
        );
        add(LinkType::LINUX_SLL2, &[&kind[..], &[0; 18]].concat());
        if cfg!(target_endian = "little") {
            add(LinkType::NULL, &[family, 0, 0, 0]);
        }
    }
    packets
}

/// Numbers of systems and of byte orders other than this one's.
#[test]
fn a_filter_reads_every_kind_of_raw_ip_and_loopback() {
    let mut filter = CaptureFilter::new("tcp port 8080").unwrap();
    let mut other = CaptureFilter::new("tcp port 80").unwrap();
    for (is_ipv6, datagram) in [(false, ipv4(6, &[], &[])), (true, ipv6(6, &[]))] {
        let mut forms: Vec<(LinkType, Vec<u8>)> =
            [12, 14, 101].map(|number| (LinkType(number), datagram.clone())).into();
        let families: &[u32] = if is_ipv6 { &[10, 24, 28, 30] } else { &[2] };
        for family in families {
            for header in [family.to_le_bytes(), family.to_be_bytes()] {
                for link_type in [LinkType::NULL, LinkType::LOOP] {
                    forms.push((link_type, [&header[..], &datagram].concat()));
                }
            }
        }
        for (link_type, data) in forms {
            assert!(filter.matches(&packet(link_type, &data)).unwrap(), "{link_type}: {data:02x?}");
            assert!(!other.matches(&packet(link_type, &data)).unwrap(), "{link_type}: {data:02x?}");
        }
    }
}

#[test]
fn a_packet_that_is_cut_has_its_length_and_zeros() {
    let data = ipv4(6, &[], &[]);
    let cut = |expression: &str, length: usize| {
        let packet = Packet { original_length: 1500, ..packet(LinkType::RAW, &data[..length]) };
        CaptureFilter::new(expression).unwrap().matches(&packet).unwrap()
    };
    assert!(cut("tcp port 8080", 40));
    assert!(cut("tcp port 8080 and greater 1500", 40));
    assert!(!cut("less 1499", 40));
    assert!(!cut("tcp port 8080", 20), "the ports are not there");
    assert!(cut("tcp port 0", 20));
    let mut filter = CaptureFilter::new("ip[60] = 1").unwrap();
    let mut long = data.clone();
    long.resize(100, 1);
    let mut matches = |data: &[u8]| {
        filter.matches(&Packet { original_length: 200, ..packet(LinkType::RAW, data) }).unwrap()
    };
    assert!(matches(&long));
    assert!(!matches(&long[..60]), "nothing is left of the packet before");
}

/// What the filter of a selection says of a packet.
fn passes(networks: &[&str], ports: &[u16], link_type: LinkType, data: &[u8]) -> bool {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    let selection = Selection { networks, ports: ports.to_vec() };
    let mut filter = CaptureFilter::new(&bpf(&selection, None).unwrap()).unwrap();
    filter.matches(&packet(link_type, data)).unwrap()
}

fn packet(link_type: LinkType, data: &[u8]) -> Packet<'_> {
    let origin = Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 };
    Packet { origin, link_type, data, original_length: data.len().try_into().unwrap() }
}

#[test]
fn nothing_that_is_selected_is_left_out() {
    for (link_type, data) in packets() {
        let what = format!("{link_type}: {data:02x?}");
        let mut decoder = Decoder::new(&Limits::default());
        let segment = decoder.decode(&packet(link_type, &data)).expect(&what);
        let ipv6 = segment.flow.source.address.is_ipv6();
        let (inside, outside) =
            if ipv6 { ("2001:db8::/32", "2001:db9::/32") } else { ("192.0.2.1/32", "10.0.0.0/8") };
        assert!(passes(&[], &[8080], link_type, &data), "{what}");
        assert!(passes(&[], &[1, 8081, 2], link_type, &data), "{what}");
        assert!(passes(&[outside, inside], &[], link_type, &data), "{what}");
        assert!(passes(&[inside], &[8080], link_type, &data), "{what}");
    }
}

#[test]
fn every_fragment_is_passed() {
    let frame = [&[2; 12][..], &[8, 0], &ipv4(6, &[], &[])].concat();
    let fragments = fragments(&frame, 8, 7);
    assert_eq!(fragments.len(), 5);
    for fragment in fragments {
        assert!(passes(&["10.0.0.0/8"], &[1], LinkType::ETHERNET, &fragment));
    }
}

/// Or it would be of no use.
#[test]
fn what_is_plainly_something_else_is_left_out() {
    let ethernet = |kind: [u8; 2], datagram: &[u8]| [&[2; 12][..], &kind, datagram].concat();
    let tcp4 = ethernet([8, 0], &ipv4(6, &[], &[]));
    let tcp6 = ethernet([0x86, 0xdd], &ipv6(6, &[]));
    let udp4 = ethernet([8, 0], &ipv4(17, &[], &[]));
    let udp6 = ethernet([0x86, 0xdd], &ipv6(17, &[]));
    for frame in [&tcp4, &tcp6, &udp4, &udp6] {
        assert!(!passes(&[], &[80], LinkType::ETHERNET, frame), "{frame:02x?}");
        assert!(!passes(&["10.0.0.0/8", "::1/128"], &[8080], LinkType::ETHERNET, frame));
    }
    assert!(!passes(&[], &[8080], LinkType::ETHERNET, &udp4), "it is not TCP");
    assert!(!passes(&[], &[80], LinkType::ETHERNET, &ethernet([8, 6], &[0; 28])), "ARP");
}

/// Two interfaces that are joined, for as long as this lives.
pub(crate) struct Cable {
    pub(crate) near: String,
    pub(crate) far: String,
}

impl Cable {
    /// One whose names have this letter, which one test has; `None` where
    /// interfaces cannot be added.
    pub(crate) fn new(letter: char) -> Option<Self> {
        let number = std::process::id() % 100_000;
        let [near, far] = ["wsn", "wsf"].map(|end| format!("{end}{letter}{number}"));
        let cable = Self { near, far };
        let Self { near, far } = &cable;
        if !ip(&format!("link add {near} type veth peer name {far}")) {
            return None;
        }
        for end in [near, far] {
            assert!(ip(&format!("link set {end} up")));
        }
        Some(cable)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        ip(&format!("link del {}", self.near));
    }
}

fn ip(words: &str) -> bool {
    let status = Command::new("ip").args(words.split(' ')).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// A live capture with `--port` and `--ip` of a conversation whose packets have
/// VLAN tags, are in pieces, or both, tells what the file with the plain
/// packets tells.
#[test]
fn the_kernel_passes_tags_and_fragments() {
    const NAME: &str = "handwritten.pcap";
    if !can_capture() {
        return;
    }
    let Some(cable) = Cable::new('p') else {
        return skip("root", "no right to add interfaces");
    };
    let told = |line: &str| {
        let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = event.as_object_mut().unwrap();
        for field in ["packet", "time", "first_time", "duration"] {
            fields.remove(field);
        }
        if let Some(app) = fields.get_mut("app").and_then(|app| app.as_object_mut()) {
            app.remove("latency");
            app.remove("reply_to");
        }
        event
    };
    let path = capture(NAME);
    let plain = run(["-T", "json", path.to_str().unwrap()]);
    let port = plain.events()[0]["server"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let expected: Vec<serde_json::Value> = plain.clean().lines().map(told).collect();
    let frames = frames(NAME);
    let in_pieces: Vec<Vec<u8>> = frames
        .iter()
        .zip(1..)
        .flat_map(|(frame, identification)| fragments(frame, 24, identification))
        .collect();
    let tagged = |frames: &[Vec<u8>], tags: &[u8]| -> Vec<Vec<u8>> {
        frames.iter().map(|frame| with_tags(frame, tags)).collect()
    };
    for (what, frames) in [
        ("plain", frames.clone()),
        ("tagged", tagged(&frames, &[0x81, 0, 0, 7])),
        ("tagged twice", tagged(&frames, &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8])),
        ("in pieces", in_pieces.clone()),
        ("tagged pieces", tagged(&in_pieces, &[0x81, 0, 0, 7])),
    ] {
        let arguments = ["-T", "json", "--ip", "127.0.0.1", "--port", &port, "-i", &cable.far];
        let mut watch = Watch::spawn(&mut wsdump(arguments));
        watch.wait_for("capturing on ");
        let mut near = pcap::Capture::from_device(cable.near.as_str()).unwrap().open().unwrap();
        for frame in frames {
            near.sendpacket(frame).unwrap();
        }
        for expected in &expected {
            assert_eq!(told(&watch.line().1), *expected, "{what}");
        }
        watch.signal("INT");
        let (rest, said, code) = watch.finish();
        assert_eq!((rest, code), (Vec::new(), Some(0)), "{what}: {said}");
    }
}
