//! In the steady state nothing is allocated for a message. A test binary of its
//! own, as it counts what all of it allocates.

#[cfg(test)]
#[path = "../benches/captures/mod.rs"]
mod made;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use allocation_counter::measure;
    use wsdump::analyzer::{Analyzer, Options};
    use wsdump::capture::{Capture, Input, Step};
    use wsdump::output::{Json, PayloadForm, Spool, View};
    use wsdump::types::{Event, Kind, Origin, Packet};

    use super::made::{self, Connection, Header, Side, frame};

    /// Messages of each side, of which the first are to warm up.
    const MESSAGES: usize = 2_000;

    /// A capture of text messages in order, some of which go over several
    /// segments. They are sent in frames of their own or many in a segment.
    fn write(path: &Path) {
        let mut capture = made::Capture::create(path).unwrap();
        let mut connection = Connection::on_ethernet(7, 80);
        connection.dial(&mut capture).unwrap();
        connection.upgrade(&mut capture, false).unwrap();
        for number in 0..MESSAGES {
            for side in [Side::Client, Side::Server] {
                let text =
                    format!("{{\"number\": {number}, \"text\": \"{}\"}}", "é".repeat(number % 900));
                let bytes = frame(Header::TEXT, side, text.as_bytes());
                let bytes = if number % 5 == 0 { bytes.repeat(3) } else { bytes };
                connection.send(&mut capture, side, &bytes).unwrap();
            }
        }
        capture.finish().unwrap();
    }

    /// All packets of a file.
    fn packets(path: &Path) -> Vec<(Origin, Vec<u8>)> {
        let mut capture = Capture::open(vec![Input::File(path.into())]);
        let mut packets = Vec::new();
        loop {
            match capture.next() {
                Step::Packet(packet, _) => packets.push((packet.origin, packet.data.to_vec())),
                Step::Starved | Step::Idle(_) => {}
                Step::Problem(error) => panic!("{error}"),
                Step::End => return packets,
            }
        }
    }

    #[test]
    fn a_text_message_in_order_costs_none() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("allocations.pcap");
        write(&path);
        let packets = packets(&path);
        let (first, rest) = packets.split_at(packets.len() / 2);
        let mut analyzer = Analyzer::new(Options::default());
        let (mut view, mut out) = (Json::new(PayloadForm::Auto), Spool::new(std::io::sink()));
        let (mut messages, mut bytes) = (0, 0);
        let mut feed = |packets: &[(Origin, Vec<u8>)]| {
            let mut sink = |event: &Event<'_>| {
                if let Kind::Message(message) = event.kind {
                    messages += 1;
                    bytes += message.payload.len();
                }
                view.show(event, &mut out);
                out.relieve();
            };
            for (origin, data) in packets {
                let original_length = data.len() as u32;
                let packet = Packet {
                    origin: *origin,
                    link_type: wsdump::types::LinkType::ETHERNET,
                    data,
                    original_length,
                };
                analyzer.packet(&packet, &[], &mut sink);
            }
        };
        assert!(measure(|| feed(first)).count_total > 0, "nothing is counted");
        let counted = measure(|| feed(rest));
        assert_eq!(counted.count_total, 0, "{} bytes", counted.bytes_total);
        assert_eq!(messages, 2 * (MESSAGES + 2 * MESSAGES / 5));
        assert!(bytes > 1 << 20);
    }
}
