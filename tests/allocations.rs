//! In the steady state nothing is allocated for a message, and little is for a
//! connection. A test binary of its own, as it counts what all of it allocates.

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
    use wsdump::types::{Event, Kind, LinkType, Origin, Packet};

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
                Step::Starved | Step::Secrets(_) | Step::Idle(_) => {}
                Step::Problem(error) => panic!("{error}"),
                Step::End => return packets,
            }
        }
    }

    fn borrowed((origin, data): &(Origin, Vec<u8>)) -> Packet<'_> {
        let (link_type, original_length) = (LinkType::ETHERNET, data.len() as u32);
        Packet { origin: *origin, link_type, data, original_length }
    }

    /// The most memory that so many idle connections have taken in the end.
    fn most_for(connections: u32) -> u64 {
        let name = format!("{connections}-idle.pcap");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut capture = made::Capture::create(&path).unwrap();
        made::connections(&mut capture, connections).unwrap();
        capture.finish().unwrap();
        let packets = packets(&path);
        let mut analyzer = Analyzer::new(Options::default());
        let counted = measure(|| {
            let sink = &mut |_: &Event<'_>| {};
            for packet in &packets {
                analyzer.packet(&borrowed(packet), &[], sink);
            }
            analyzer.finish(&[], sink);
        });
        assert_eq!(analyzer.statistics().connections, u64::from(connections));
        counted.bytes_max
    }

    #[test]
    fn an_idle_connection_takes_little() {
        let [few, many] = [1_000, 5_000].map(most_for);
        let each = (many - few) / 4_000;
        // Without what malloc adds.
        assert!(each <= 770, "{each} bytes");
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
            for packet in packets {
                analyzer.packet(&borrowed(packet), &[], &mut sink);
            }
        };
        assert!(measure(|| feed(first)).count_total > 0, "nothing is counted");
        let counted = measure(|| feed(rest));
        assert_eq!(counted.count_total, 0, "{} bytes", counted.bytes_total);
        assert_eq!(messages, 2 * (MESSAGES + 2 * MESSAGES / 5));
        assert!(bytes > 1 << 20);
    }
}
