//! The room as a whole.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::types::{Limits, LinkType, Packet, TcpFlags};

use super::packets::{Ip, TCP, UDP, ethernet, ipv4, ipv6, origin, packet, same, tcp, vlan};
use super::{DatagramCounters, Decoder, Fault, Layer, NoSegment};

const PAYLOAD: &[u8] = b"GET /chat HTTP/1.1\r\n";

/// Every link type that is known, with its header in front of `ip`'s datagrams.
fn link_types(ip: Ip) -> Vec<(LinkType, Vec<u8>)> {
    let ether_type = ip.ether_type().to_be_bytes();
    let cooked_v1 = |device: u16| {
        [&[0, 0][..], &device.to_be_bytes(), &[0, 6, 2, 2, 2, 2, 2, 2, 0, 0], &ether_type].concat()
    };
    let cooked_v2 = |device: u16| {
        [&ether_type[..], &[0, 0, 0, 0, 0, 7], &device.to_be_bytes(), &[0, 6], &[2; 8]].concat()
    };
    let snap = [&[0xaa, 0xaa, 3, 0, 0, 0][..], &ether_type].concat();
    let ppp = [0, if ip == Ip::V4 { 0x21 } else { 0x57 }];
    let pppoe = [&[0x11, 0, 0, 1, 0, 99][..], &ppp].concat();
    let stacked = vlan(0x8100, &vlan(0x88a8, &vlan(0x9100, &vlan(ip.ether_type(), &[]))));
    let mut all = vec![
        (LinkType::ETHERNET, ethernet(ip.ether_type(), &[])),
        (LinkType::ETHERNET, ethernet(0x8100, &vlan(ip.ether_type(), &[]))),
        (LinkType::ETHERNET, ethernet(0x88a8, &vlan(0x8100, &vlan(ip.ether_type(), &[])))),
        (LinkType::ETHERNET, ethernet(0x9100, &vlan(ip.ether_type(), &[]))),
        (LinkType::ETHERNET, ethernet(0x8100, &vlan(0x8100, &stacked))),
        (LinkType::ETHERNET, ethernet(60, &snap)),
        (LinkType::ETHERNET, ethernet(0x8100, &vlan(60, &snap))),
        (LinkType::ETHERNET, ethernet(0x8864, &pppoe)),
        (LinkType::LINUX_SLL, cooked_v1(1)),
        (LinkType::LINUX_SLL, cooked_v1(772)),
        (LinkType::LINUX_SLL, cooked_v1(65534)),
        (LinkType::LINUX_SLL2, cooked_v2(1)),
        (LinkType::LINUX_SLL2, cooked_v2(772)),
        (LinkType::RAW, vec![]),
        (LinkType(12), vec![]),
        (LinkType(14), vec![]),
    ];
    let mut tagged_v1 = cooked_v1(1);
    tagged_v1[14..].copy_from_slice(&[0x81, 0]);
    all.push((LinkType::LINUX_SLL, [tagged_v1, vlan(ip.ether_type(), &[])].concat()));
    let mut tagged_v2 = cooked_v2(1);
    tagged_v2[..2].copy_from_slice(&[0x88, 0xa8]);
    all.push((LinkType::LINUX_SLL2, [tagged_v2, vlan(ip.ether_type(), &[])].concat()));
    let families: &[u8] = if ip == Ip::V4 { &[2] } else { &[10, 24, 28, 30] };
    for &family in families {
        all.push((LinkType::NULL, vec![family, 0, 0, 0]));
        all.push((LinkType::NULL, vec![0, 0, 0, family]));
        all.push((LinkType::LOOP, vec![0, 0, 0, family]));
    }
    all.push((if ip == Ip::V4 { LinkType::IPV4 } else { LinkType::IPV6 }, vec![]));
    all
}

fn decode_one(packet: &Packet<'_>) -> Result<(), NoSegment> {
    Decoder::new(&Limits::default()).decode(packet).map(drop)
}

/// Whether `data` gives the segment with all of `PAYLOAD`.
#[track_caller]
fn assert_decodes(ip: Ip, link_type: LinkType, data: &[u8]) {
    let mut decoder = Decoder::new(&Limits::default());
    let segment = decoder.decode(&packet(link_type, data)).unwrap();
    let expected = ip.segment(1, PAYLOAD);
    assert!(same(&segment, &expected), "{segment:?} is not {expected:?}");
}

#[test]
fn every_link_type_decodes() {
    for ip in Ip::BOTH {
        for (link_type, header) in link_types(ip) {
            let data = [header, ip.datagram(TCP, &tcp(PAYLOAD))].concat();
            assert_decodes(ip, link_type, &data);
        }
    }
}

#[test]
fn padding_is_no_payload() {
    for ip in Ip::BOTH {
        for (link_type, header) in link_types(ip) {
            let data = [header, ip.datagram(TCP, &tcp(PAYLOAD)), vec![0xee; 9]].concat();
            assert_decodes(ip, link_type, &data);
        }
    }
}

#[test]
fn every_truncation_is_cut_or_malformed_and_invents_nothing() {
    for ip in Ip::BOTH {
        for (link_type, header) in link_types(ip) {
            let whole = [header, ip.datagram(TCP, &tcp(PAYLOAD))].concat();
            let payload_at = whole.len() - PAYLOAD.len();
            for length in 0..whole.len() {
                let data = &whole[..length];
                let cut = Packet { data, ..packet(link_type, &whole) };
                let mut decoder = Decoder::new(&Limits::default());
                match decoder.decode(&cut) {
                    Ok(segment) => {
                        assert!(length >= payload_at);
                        assert_eq!(segment.payload, &data[payload_at..]);
                        assert_eq!(segment.cut as usize, whole.len() - length);
                    }
                    Err(NoSegment::CutBySnapLength { offset, needed, had, .. }) => {
                        assert!(length < payload_at);
                        assert_eq!((offset + had) as usize, length);
                        assert!(had < needed);
                    }
                    Err(other) => panic!("{link_type} up to {length}: {other}"),
                }

                // The same bytes from a writer that says that this is all.
                match decoder.decode(&packet(link_type, data)) {
                    Ok(segment) => {
                        assert_eq!(segment.payload, &data[payload_at..]);
                        assert_eq!(segment.cut as usize, whole.len() - length);
                    }
                    Err(NoSegment::Malformed { fault: Fault::Short { needed, had }, .. }) => {
                        assert!(had < needed);
                    }
                    Err(NoSegment::CutBySnapLength { layer, .. }) => {
                        assert!(
                            matches!(layer, Layer::Tcp),
                            "only IP's length can tell, not {layer}'s"
                        );
                    }
                    Err(other) => panic!("{link_type} only {length}: {other}"),
                }
            }
        }
    }
}

#[test]
fn other_protocols_are_told_apart() {
    let not_ip = [
        (LinkType::ETHERNET, ethernet(0x0806, &[0; 28])),
        (LinkType::ETHERNET, ethernet(0x88cc, &[0; 46])),
        (LinkType::ETHERNET, ethernet(39, &[0x42; 46])),
        (LinkType::ETHERNET, ethernet(39, &[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 1, 1])),
        (LinkType::ETHERNET, ethernet(0x8863, &[0; 46])),
        (LinkType::ETHERNET, ethernet(0x8864, &[0x11, 0, 0, 1, 0, 10, 0xc0, 0x21, 9, 9])),
        (LinkType::NULL, vec![7, 0, 0, 0, 1, 2, 3]),
        (LinkType::NULL, vec![2, 1, 0, 0, 1, 2, 3]),
        // Netlink, whose protocol 0x0800 would be no Ethernet type.
        (LinkType::LINUX_SLL, [&[0, 4, 3, 0x38][..], &[0; 10], &[8, 0], &[0; 9]].concat()),
        (LinkType::LINUX_SLL, [&[0, 4, 0, 1][..], &[0; 10], &[0, 1], &[0; 9]].concat()),
        (LinkType::LINUX_SLL2, [&[0, 0x10, 0, 0, 0, 0, 0, 1, 3, 0x38][..], &[0; 10]].concat()),
    ];
    for (link_type, data) in not_ip {
        assert_eq!(decode_one(&packet(link_type, &data)), Err(NoSegment::NotIp), "{data:x?}");
    }
    for ip in Ip::BOTH {
        for protocol in [UDP, 1, 58, 59, 47, 4, 41, 50] {
            let data = ip.datagram(protocol, &[0; 40]);
            assert_eq!(decode_one(&packet(LinkType::RAW, &data)), Err(NoSegment::NotTcp));
        }
    }
    // What would be extension headers of IPv6 means other things in IPv4.
    for protocol in [0, 43, 44, 60] {
        let data = ipv4(protocol, &[0; 40]);
        assert_eq!(decode_one(&packet(LinkType::RAW, &data)), Err(NoSegment::NotTcp));
    }
    let unknown = LinkType(147);
    assert_eq!(decode_one(&packet(unknown, &[])), Err(NoSegment::UnknownLinkType(unknown)));
}

#[test]
fn ipv4_options_are_passed() {
    let mut data = ipv4(TCP, &[[1; 8].as_slice(), &tcp(PAYLOAD)].concat());
    data[0] = 0x47;
    assert_decodes(Ip::V4, LinkType::RAW, &data);
}

#[test]
fn authentication_headers_are_passed() {
    for ip in Ip::BOTH {
        let auth = [&[TCP, 4, 0, 0][..], &[9; 20], &tcp(PAYLOAD)].concat();
        assert_decodes(ip, LinkType::RAW, &ip.datagram(51, &auth));

        let auth = [&[TCP, 0, 0, 0][..], &[9; 20]].concat();
        let expected = NoSegment::Malformed {
            layer: Layer::IpAuth,
            offset: u32::try_from(ip.header_length()).unwrap(),
            fault: Fault::HeaderLength(8),
        };
        let data = ip.datagram(51, &auth);
        assert_eq!(decode_one(&packet(LinkType::RAW, &data)), Err(expected));
    }
}

#[test]
fn ipv6_extension_headers_are_passed() {
    let hop_by_hop = [60, 0, 1, 4, 0, 0, 0, 0];
    let destination = [43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let routing = [44, 0, 0, 0, 0, 0, 0, 0];
    let atomic = [51, 0, 0, 0, 0, 0, 0, 9];
    let auth = [TCP, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];
    let chain = [&hop_by_hop[..], &destination, &routing, &atomic, &auth, &tcp(PAYLOAD)].concat();
    let whole = ipv6(0, &chain);
    assert_decodes(Ip::V6, LinkType::IPV6, &whole);

    for length in 0..whole.len() - PAYLOAD.len() {
        let cut = Packet { data: &whole[..length], ..packet(LinkType::IPV6, &whole) };
        let error = decode_one(&cut).unwrap_err();
        assert!(matches!(error, NoSegment::CutBySnapLength { .. }), "{error}");
    }
}

#[test]
fn layers_without_end_are_refused() {
    let tags = (0..100).fold(vec![], |inner, _| vlan(0x8100, &inner));
    let extensions = ipv6(60, &[60, 0, 1, 4, 0, 0, 0, 0].repeat(100));
    for (link_type, data) in
        [(LinkType::ETHERNET, ethernet(0x8100, &tags)), (LinkType::RAW, extensions)]
    {
        let error = decode_one(&packet(link_type, &data)).unwrap_err();
        assert!(matches!(error, NoSegment::Malformed { fault: Fault::TooDeep, .. }), "{error}");
    }
}

#[test]
fn a_length_of_zero_means_all_there_is() {
    for ip in Ip::BOTH {
        let mut data = ip.datagram(TCP, &tcp(PAYLOAD));
        let length_at = if ip == Ip::V4 { 2 } else { 4 };
        data[length_at..length_at + 2].fill(0);
        assert_decodes(ip, LinkType::RAW, &data);

        let mut decoder = Decoder::new(&Limits::default());
        let cut = Packet { data: &data[..data.len() - 5], ..packet(LinkType::RAW, &data) };
        let segment = decoder.decode(&cut).unwrap();
        assert_eq!((segment.payload, segment.cut), (&PAYLOAD[..PAYLOAD.len() - 5], 5));
    }
}

#[test]
fn segments_larger_than_a_datagram_decode() {
    // TCP's segmentation offload with large buffers ("BIG TCP").
    let payload = vec![7; 100_000];
    let mut data = ipv6(TCP, &[]);
    data.extend_from_slice(&tcp(&payload));
    let mut decoder = Decoder::new(&Limits::default());
    let segment = decoder.decode(&packet(LinkType::RAW, &data)).unwrap();
    assert_eq!(segment.payload, payload);
    assert_eq!(segment.cut, 0);
}

#[test]
fn ip_is_believed_over_the_original_length() {
    let whole = ipv4(TCP, &tcp(PAYLOAD));
    let data = &whole[..whole.len() - 5];
    // Some writers leave the original length empty.
    for original_length in [0, 10, u32::try_from(data.len()).unwrap()] {
        let mut decoder = Decoder::new(&Limits::default());
        let cut = Packet { data, original_length, ..packet(LinkType::RAW, &whole) };
        let segment = decoder.decode(&cut).unwrap();
        assert_eq!((segment.payload, segment.cut), (&PAYLOAD[..PAYLOAD.len() - 5], 5));
    }
}

#[test]
fn impossible_header_fields_are_malformed() {
    let good = ipv4(TCP, &tcp(PAYLOAD));
    let broken = |at: usize, value: u8| {
        let mut data = good.clone();
        data[at] = value;
        match decode_one(&packet(LinkType::IPV4, &data)).unwrap_err() {
            NoSegment::Malformed { layer, offset, fault } => (layer, offset, fault),
            other => panic!("{other}"),
        }
    };
    assert_eq!(broken(0, 0x65), (Layer::Ipv4, 0, Fault::Version(6)));
    assert_eq!(broken(0, 0x44), (Layer::Ipv4, 0, Fault::HeaderLength(16)));
    assert_eq!(broken(3, 19), (Layer::Ipv4, 0, Fault::TotalLength(19)));
    assert_eq!(broken(3, 30), (Layer::Tcp, 20, Fault::Short { needed: 20, had: 10 }));
    assert_eq!(broken(3, 50), (Layer::Tcp, 20, Fault::Short { needed: 32, had: 30 }));
    assert_eq!(broken(32, 0x40), (Layer::Tcp, 20, Fault::HeaderLength(16)));
    assert_eq!(broken(32, 0xf0), (Layer::Tcp, 20, Fault::Short { needed: 60, had: 52 }));

    let error = decode_one(&packet(LinkType::RAW, &[0x50])).unwrap_err();
    assert_eq!(error.to_string(), "IP header at byte 0 is malformed: IP version 5");
    let error = decode_one(&packet(LinkType::IPV6, &good)).unwrap_err();
    assert_eq!(error.to_string(), "IPv6 header at byte 0 is malformed: IP version 4");
}

#[test]
fn only_a_syn_has_a_window_scale() {
    for (flags, window_scale) in [(0x02, Some(7)), (0x12, Some(7)), (0x10, None)] {
        let mut segment = tcp(PAYLOAD);
        segment[13] = flags;
        segment[20..24].copy_from_slice(&[1, 3, 3, 7]);
        let data = ipv4(TCP, &segment);
        let mut decoder = Decoder::new(&Limits::default());
        let segment = decoder.decode(&packet(LinkType::RAW, &data)).unwrap();
        assert_eq!(segment.flags, TcpFlags(flags));
        assert_eq!(segment.window_scale, window_scale);
        assert_eq!(segment.ack.is_some(), flags & 0x10 != 0);
        assert_eq!(segment.payload, PAYLOAD);
    }
}

#[test]
fn broken_options_do_not_lose_the_payload() {
    let mut segment = tcp(PAYLOAD);
    segment[13] = 0x02;
    segment[20..32].fill(0xff);
    let data = ipv4(TCP, &segment);
    let mut decoder = Decoder::new(&Limits::default());
    let segment = decoder.decode(&packet(LinkType::RAW, &data)).unwrap();
    assert_eq!((segment.payload, segment.window_scale), (PAYLOAD, None));
}

#[test]
fn every_packet_is_counted_once() {
    let mut decoder = Decoder::new(&Limits::default());
    let good = ipv4(TCP, &tcp(PAYLOAD));
    let fragment = Ip::V4.fragment(TCP, 1, &tcp(PAYLOAD), 0, 8);
    let udp = ipv4(UDP, &[0; 8]);
    let cut = Packet { data: &good[..30], ..packet(LinkType::RAW, &good) };
    for packet in [
        packet(LinkType::RAW, &good),
        packet(LinkType::RAW, &good),
        packet(LinkType::RAW, &udp),
        packet(LinkType::RAW, &fragment),
        packet(LinkType::RAW, &[0x99]),
        packet(LinkType::NULL, &[0xff; 4]),
        packet(LinkType(9), &[]),
        packet(LinkType(147), &[]),
        packet(LinkType(147), &[]),
        cut,
    ] {
        let _ = decoder.decode(&packet);
    }
    let counters = decoder.counters();
    assert_eq!(counters.packets, 10);
    assert_eq!(counters.segments, 2);
    assert_eq!(counters.not_tcp, 1);
    assert_eq!(counters.fragments, 1);
    assert_eq!(counters.malformed, 1);
    assert_eq!(counters.not_ip, 1);
    assert_eq!(counters.unknown_link_types, [(9, 1), (147, 2)].into());
    assert_eq!(counters.cut, 1);
    assert_eq!(counters.datagrams, DatagramCounters { waiting: 1, ..Default::default() });
}

/// Gives `fragments` to `decoder` as packets `first`, `first + 1`…; the payloads
/// of the segments that come out, and the packets in which.
fn feed(decoder: &mut Decoder, first: u64, fragments: &[Vec<u8>]) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    for (number, data) in (first..).zip(fragments) {
        let packet = Packet { origin: origin(number), ..packet(LinkType::RAW, data) };
        match decoder.decode(&packet) {
            Ok(segment) => found.push((segment.origin.packet, segment.payload.to_vec())),
            Err(NoSegment::Fragment | NoSegment::FragmentContradicts) => {}
            Err(other) => panic!("{other}"),
        }
    }
    found
}

#[test]
fn copies_of_fragments_complete_a_datagram_once() {
    for ip in Ip::BOTH {
        let datagram = tcp(PAYLOAD);
        let a = ip.fragment(TCP, 1, &datagram, 0, 24);
        let b = ip.fragment(TCP, 1, &datagram, 24, datagram.len());
        let mut decoder = Decoder::new(&Limits::default());
        let fragments = [a.clone(), a.clone(), b.clone(), b, a];
        assert_eq!(feed(&mut decoder, 1, &fragments), [(3, PAYLOAD.to_vec())]);
        let datagrams = decoder.counters().datagrams;
        assert_eq!(datagrams, DatagramCounters { complete: 1, ..Default::default() });
        assert_eq!(datagrams.incomplete(), 0);
    }
}

#[test]
fn identifications_are_used_again() {
    for ip in Ip::BOTH {
        let mut decoder = Decoder::new(&Limits::default());
        for (number, payload) in [(1, b"first..."), (3, b"second.."), (5, b"third...")] {
            let datagram = tcp(payload);
            let a = ip.fragment(TCP, 1, &datagram, 0, 32);
            let b = ip.fragment(TCP, 1, &datagram, 32, 40);
            // The one whose bytes differ comes first.
            let found = feed(&mut decoder, number, &[b, a]);
            assert_eq!(found, [(number + 1, payload.to_vec())]);
        }
        assert_eq!(decoder.counters().datagrams.complete, 3);
    }
}

#[test]
fn overlapping_fragments_that_differ() {
    let datagram = tcp(&[b'a'; 32]);
    let mut other = datagram.clone();
    other[40..56].fill(b'b');

    for ip in Ip::BOTH {
        let mut decoder = Decoder::new(&Limits::default());
        let fragments = [
            ip.fragment(TCP, 1, &datagram, 0, 48),
            ip.fragment(TCP, 1, &other, 40, 56),
            ip.fragment(TCP, 1, &datagram, 48, 64),
        ];
        let found = feed(&mut decoder, 1, &fragments);
        let datagrams = decoder.counters().datagrams;
        match ip {
            Ip::V4 => {
                let payload = [[b'a'; 16], [b'b'; 16]].concat();
                let payload = [&payload[..24], &[b'a'; 8]].concat();
                assert_eq!(found, [(3, payload)]);
                assert_eq!(datagrams.complete, 1);
            }
            Ip::V6 => {
                assert_eq!(found, []);
                assert_eq!(datagrams.contradictory, 1);
                assert_eq!(datagrams.incomplete(), 1);
            }
        }
    }
}

#[test]
fn fragments_beyond_the_end_do_not_count() {
    let datagram = tcp(&[b'a'; 32]);
    let longer = tcp(&[b'a'; 48]);
    for ip in Ip::BOTH {
        let mut decoder = Decoder::new(&Limits::default());
        let fragments = [
            ip.fragment(TCP, 1, &datagram, 32, 64),
            ip.fragment(TCP, 1, &longer, 64, 80),
            ip.fragment(TCP, 1, &datagram, 0, 32),
        ];
        let found = feed(&mut decoder, 1, &fragments);
        match ip {
            Ip::V4 => assert_eq!(found, [(3, vec![b'a'; 32])]),
            Ip::V6 => assert_eq!(found, []),
        }
    }
}

#[test]
fn impossible_fragments_are_malformed() {
    for ip in Ip::BOTH {
        let payload = [0; 70_000];
        let cases = [
            (ip.fragment(TCP, 1, &payload, 0, 20), Fault::FragmentLength(20)),
            (ip.fragment(TCP, 1, &payload, 8, 8), Fault::FragmentLength(0)),
            (ip.fragment(TCP, 1, &payload[..65_536], 65_528, 65_536), Fault::FragmentEnd(65_536)),
        ];
        for (data, expected) in cases {
            match decode_one(&packet(LinkType::RAW, &data)) {
                Err(NoSegment::Malformed { layer: Layer::Fragment, fault, .. }) => {
                    assert_eq!(fault, expected);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn the_largest_datagram_is_put_together() {
    for ip in Ip::BOTH {
        let payload = vec![b'a'; 65_535 - 32];
        let datagram = tcp(&payload);
        let fragments: Vec<_> = (0..datagram.len())
            .step_by(1480)
            .map(|start| {
                let end = (start + 1480).min(datagram.len());
                ip.fragment(TCP, 1, &datagram, start, end)
            })
            .collect();
        let mut decoder = Decoder::new(&Limits::default());
        let last = fragments.len() as u64;
        // Not `assert_eq`, which would print it all.
        assert!(feed(&mut decoder, 1, &fragments) == [(last, payload)]);
    }
}

#[test]
fn fragments_of_other_protocols_are_not_kept() {
    for ip in Ip::BOTH {
        let data = ip.fragment(UDP, 1, &[0; 64], 0, 32);
        let mut decoder = Decoder::new(&Limits::default());
        let error = decoder.decode(&packet(LinkType::RAW, &data)).unwrap_err();
        assert_eq!(error, NoSegment::NotTcp);
        assert_eq!(decoder.counters().datagrams, DatagramCounters::default());
    }
}

#[test]
fn headers_within_a_fragmented_payload_are_passed() {
    for ip in Ip::BOTH {
        let auth = [&[TCP, 4, 0, 0][..], &[9; 20], &tcp(PAYLOAD)].concat();
        let fragments = [ip.fragment(51, 1, &auth, 0, 16), ip.fragment(51, 1, &auth, 16, 76)];
        let mut decoder = Decoder::new(&Limits::default());
        assert_eq!(feed(&mut decoder, 1, &fragments), [(2, PAYLOAD.to_vec())]);
    }
    let options = [&[TCP, 0, 1, 4, 0, 0, 0, 0][..], &tcp(PAYLOAD)].concat();
    let fragments = [
        Ip::V6.fragment(60, 1, &options, 8, options.len()),
        Ip::V6.fragment(60, 1, &options, 0, 8),
    ];
    let mut decoder = Decoder::new(&Limits::default());
    assert_eq!(feed(&mut decoder, 1, &fragments), [(2, PAYLOAD.to_vec())]);
}

#[test]
fn the_first_fragment_decides_what_ipv6_carries() {
    let datagram = tcp(PAYLOAD);
    let fragments = [
        Ip::V6.fragment(60, 1, &datagram, 32, datagram.len()),
        Ip::V6.fragment(TCP, 1, &datagram, 0, 32),
    ];
    let mut decoder = Decoder::new(&Limits::default());
    assert_eq!(feed(&mut decoder, 1, &fragments), [(2, PAYLOAD.to_vec())]);
}

#[test]
fn identifications_belong_to_a_pair_of_hosts() {
    let datagram = tcp(PAYLOAD);
    let there = Ip::V4.fragment(TCP, 1, &datagram, 0, 32);
    let mut back = Ip::V4.fragment(TCP, 1, &datagram, 32, datagram.len());
    back[12..20].rotate_left(4);
    let mut decoder = Decoder::new(&Limits::default());
    assert_eq!(feed(&mut decoder, 1, &[there, back]), []);
    assert_eq!(decoder.counters().datagrams.waiting, 2);
}

#[test]
fn padding_is_no_part_of_a_fragment() {
    for ip in Ip::BOTH {
        let datagram = tcp(&[b'a'; 33]);
        let mut fragments =
            [ip.fragment(TCP, 1, &datagram, 0, 64), ip.fragment(TCP, 1, &datagram, 64, 65)];
        for fragment in &mut fragments {
            fragment.extend_from_slice(&[0xee; 25]);
        }
        let mut decoder = Decoder::new(&Limits::default());
        assert_eq!(feed(&mut decoder, 1, &fragments), [(2, vec![b'a'; 33])]);
    }
}

#[test]
fn fragments_without_times_are_bounded_all_the_same() {
    let mut decoder = Decoder::new(&Limits { datagrams: 5, ..Limits::default() });
    for id in 0..20 {
        let data = Ip::V4.fragment(TCP, id, &tcp(PAYLOAD), 0, 8);
        let mut packet = packet(LinkType::RAW, &data);
        packet.origin.time = None;
        assert_eq!(decoder.decode(&packet).unwrap_err(), NoSegment::Fragment);
    }
    let datagrams = decoder.counters().datagrams;
    assert_eq!((datagrams.evicted, datagrams.waiting), (15, 5));
}

#[test]
fn fragments_within_fragments_are_refused() {
    let options = [44, 0, 1, 4, 0, 0, 0, 0];
    let inner = [TCP, 0, 0, 1, 0, 0, 0, 9];
    let datagram = [&options[..], &inner, &[0; 8]].concat();
    let mut decoder = Decoder::new(&Limits::default());
    let first = Ip::V6.fragment(60, 1, &datagram, 0, 8);
    let second = Ip::V6.fragment(60, 1, &datagram, 8, datagram.len());
    assert!(decoder.decode(&packet(LinkType::RAW, &first)).is_err());
    let error = decoder.decode(&packet(LinkType::RAW, &second)).unwrap_err();
    assert!(matches!(error, NoSegment::Malformed { fault: Fault::Nested, .. }), "{error}");
}

#[test]
fn a_cut_fragment_is_not_kept() {
    for ip in Ip::BOTH {
        let datagram = tcp(PAYLOAD);
        let whole = ip.fragment(TCP, 1, &datagram, 0, 32);
        let rest = ip.fragment(TCP, 1, &datagram, 32, datagram.len());
        let mut decoder = Decoder::new(&Limits::default());
        let cut = Packet { data: &whole[..whole.len() - 1], ..packet(LinkType::RAW, &whole) };
        let error = decoder.decode(&cut).unwrap_err();
        assert!(
            matches!(error, NoSegment::CutBySnapLength { layer: Layer::Fragment, .. }),
            "{error}"
        );
        assert_eq!(feed(&mut decoder, 2, &[rest, whole]), [(3, PAYLOAD.to_vec())]);
    }
}

#[test]
fn incomplete_datagrams_are_given_up_in_time() {
    let datagram = tcp(PAYLOAD);
    let limits = Limits { fragment_time: Duration::from_millis(10), ..Limits::default() };
    for ip in Ip::BOTH {
        let mut decoder = Decoder::new(&limits);
        let a = ip.fragment(TCP, 1, &datagram, 0, 24);
        let b = ip.fragment(TCP, 1, &datagram, 24, datagram.len());
        assert_eq!(feed(&mut decoder, 1, std::slice::from_ref(&a)), []);
        assert_eq!(feed(&mut decoder, 12, std::slice::from_ref(&b)), []);
        let datagrams = decoder.counters().datagrams;
        assert_eq!((datagrams.timed_out, datagrams.waiting), (1, 1));
        assert_eq!(feed(&mut decoder, 22, &[a]), [(22, PAYLOAD.to_vec())]);
    }
}

#[test]
fn limits_reached_are_kept_and_counted() {
    let datagram = tcp(&[0; 1000]);
    let fragments: Vec<_> =
        (0..100).map(|id| Ip::V4.fragment(TCP, id, &datagram, 0, 800)).collect();

    let mut decoder = Decoder::new(&Limits { datagrams: 10, ..Limits::default() });
    assert_eq!(feed(&mut decoder, 1, &fragments), []);
    let datagrams = decoder.counters().datagrams;
    assert_eq!((datagrams.evicted, datagrams.waiting), (90, 10));

    let mut decoder = Decoder::new(&Limits { fragments: 8000, ..Limits::default() });
    assert_eq!(feed(&mut decoder, 1, &fragments[..20]), []);
    let datagrams = decoder.counters().datagrams;
    assert_eq!((datagrams.evicted, datagrams.waiting), (12, 8));

    // The oldest went first.
    let rest = Ip::V4.fragment(TCP, 19, &datagram, 800, datagram.len());
    assert_eq!(feed(&mut decoder, 21, &[rest]), [(21, vec![0; 1000])]);

    for limits in
        [Limits { datagrams: 0, ..Limits::default() }, Limits { fragments: 0, ..Limits::default() }]
    {
        let mut decoder = Decoder::new(&limits);
        assert_eq!(feed(&mut decoder, 1, &fragments), []);
        assert_eq!(decoder.counters().datagrams.evicted, 100);
    }
}

/// A datagram's payload, cut into pieces of 8-byte units, in some order, with
/// pieces cut in other ways among them.
fn fragmented() -> impl Strategy<Value = (Vec<u8>, Vec<(usize, usize)>)> {
    vec(any::<u8>(), 1..600)
        .prop_flat_map(|payload| {
            let length = tcp(&payload).len();
            let cuts = vec(1..length.div_ceil(8).max(2), 0..20);
            let copies = vec((0..length.div_ceil(8), 1..20usize), 0..10);
            (Just(payload), Just(length), cuts, copies)
        })
        .prop_flat_map(|(payload, length, mut cuts, copies)| {
            cuts.extend([0, length.div_ceil(8)]);
            cuts.sort_unstable();
            cuts.dedup();
            let end = |unit: usize| (unit * 8).min(length);
            let mut pieces: Vec<_> = cuts.windows(2).map(|cut| (cut[0] * 8, end(cut[1]))).collect();
            pieces.extend(copies.iter().map(|&(unit, units)| (unit * 8, end(unit + units))));
            // One piece alone would be no fragment.
            pieces.retain(|&piece| piece != (0, length));
            if cuts.len() == 2 {
                pieces.extend([(0, 8), (8, length)]);
            }
            (Just(payload), Just(pieces).prop_shuffle())
        })
}

proptest! {
    #[test]
    fn any_fragmentation_in_any_order_gives_the_same_segment(
        (payload, pieces) in fragmented(),
    ) {
        for ip in Ip::BOTH {
            let datagram = tcp(&payload);
            let fragments: Vec<_> = pieces
                .iter()
                .map(|&(start, end)| ip.fragment(TCP, 77, &datagram, start, end))
                .collect();
            let mut decoder = Decoder::new(&Limits::default());
            let found = feed(&mut decoder, 1, &fragments);
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(&found[0].1, &payload);
            let datagrams = decoder.counters().datagrams;
            let expected = DatagramCounters { complete: 1, ..Default::default() };
            prop_assert_eq!(datagrams, expected);
        }
    }

    #[test]
    fn hostile_fragments_stay_within_the_limits(
        fragments in vec(
            (any::<bool>(), 0..4u16, 0..40usize, 1..80usize, any::<bool>(), any::<u8>()),
            1..200,
        ),
    ) {
        let limits = Limits {
            datagrams: 3,
            fragments: 2000,
            fragment_time: Duration::from_millis(20),
            ..Limits::default()
        };
        let mut decoder = Decoder::new(&limits);
        for (number, (v4, id, unit, units, last, byte)) in (1..).zip(fragments) {
            let ip = if v4 { Ip::V4 } else { Ip::V6 };
            let end = (unit + units) * 8;
            let datagram = vec![byte; if last { end } else { end + 8 }];
            let data = ip.fragment(TCP, id, &datagram, unit * 8, end);
            let packet = Packet { origin: origin(number), ..packet(LinkType::RAW, &data) };
            if let Ok(segment) = decoder.decode(&packet) {
                prop_assert!(segment.payload.len() <= 65_535);
            }
            let (collections, size) = decoder.held();
            prop_assert!(collections <= 3 && size <= 2000);
        }
    }

    #[test]
    fn random_bytes_do_no_harm(
        data in vec(any::<u8>(), 0..200),
        original_length in any::<u32>(),
    ) {
        let mut decoder = Decoder::new(&Limits::default());
        let known = Ip::BOTH.into_iter().flat_map(link_types);
        for (link_type, header) in known.chain([(LinkType(147), vec![])]) {
            for data in [data.clone(), [header, data.clone()].concat()] {
                let packet = Packet { original_length, ..packet(link_type, &data) };
                if let Ok(segment) = decoder.decode(&packet) {
                    prop_assert!(segment.payload.len() <= data.len());
                }
            }
        }
    }

    #[test]
    fn damaged_packets_do_no_harm(
        flips in vec((0..1000usize, any::<u8>()), 1..6),
        length in 0..200usize,
    ) {
        let mut decoder = Decoder::new(&Limits::default());
        for ip in Ip::BOTH {
            for (link_type, header) in link_types(ip) {
                let fragment = ip.fragment(TCP, 1, &tcp(PAYLOAD), 0, 40);
                for inner in [ip.datagram(TCP, &tcp(PAYLOAD)), fragment] {
                    let mut data = [header.clone(), inner].concat();
                    for &(at, value) in &flips {
                        let at = at % data.len();
                        data[at] = value;
                    }
                    let cut = &data[..length.min(data.len())];
                    let _ = decoder.decode(&Packet { data: cut, ..packet(link_type, &data) });
                }
            }
        }
    }
}
