//! `-w`: the packets that are written, and what they are when they are read again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use wsdump::capture::{Input, Secrets, Step};
use wsdump::types::Packet;

use crate::command::{Ran, capture, captures, run, scratch, skip, write};
use crate::made::{Capture, Connection, Header, Side, Workload, frame};

/// A packet, and what must not change when it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Copy {
    nanoseconds: Option<i64>,
    link_type: u16,
    data: Vec<u8>,
    original_length: u32,
}

impl Copy {
    fn of(packet: &Packet<'_>) -> Self {
        Self {
            nanoseconds: packet.origin.time.map(|time| time.nanoseconds()),
            link_type: packet.link_type.0,
            data: packet.data.to_vec(),
            original_length: packet.original_length,
        }
    }

    /// Whether it is of TCP over IPv4 over Ethernet, with this port.
    fn has_port(&self, port: u16) -> bool {
        let at = |offset: usize| u16::from_be_bytes([self.data[offset], self.data[offset + 1]]);
        self.data.len() >= 54 && self.data[23] == 6 && [at(34), at(36)].contains(&port)
    }
}

/// What is in files, which must be in good order: packets, and secrets with the
/// number of packets before them.
fn contents(
    paths: impl IntoIterator<Item = impl AsRef<Path>>,
) -> (Vec<Copy>, Vec<(Secrets, usize)>) {
    let inputs = paths.into_iter().map(|path| Input::File(path.as_ref().into())).collect();
    let mut capture = wsdump::capture::Capture::open(inputs);
    let (mut packets, mut secrets) = (Vec::new(), Vec::new());
    loop {
        match capture.next() {
            Step::Packet(packet, _) => packets.push(Copy::of(&packet)),
            Step::Secrets(found) => secrets.push((found.clone(), packets.len())),
            Step::Starved | Step::Idle(_) => {}
            Step::Problem(error) => panic!("{error}"),
            Step::End => return (packets, secrets),
        }
    }
}

fn packets(path: &Path) -> Vec<Copy> {
    contents([path]).0
}

/// Events, but for what numbers them.
fn events(ran: &Ran) -> Vec<Value> {
    let mut events = ran.events();
    for event in &mut events {
        for number in ["connection", "stream", "packet", "file", "interface"] {
            event.as_object_mut().unwrap().remove(number);
        }
        if let Some(app) = event.get_mut("app") {
            without_numbers(app);
        }
    }
    events
}

/// What protocols inside say, but for the numbers of packets.
fn without_numbers(app: &mut Value) {
    let app = app.as_object_mut().unwrap();
    if let Some(to) = app.get_mut("reply_to") {
        *to = true.into();
    }
    for part in app.get_mut("parts").and_then(Value::as_array_mut).into_iter().flatten() {
        without_numbers(part);
    }
}

/// Reads a capture and writes another. What was printed meanwhile.
fn keep(input: &Path, output: &Path, options: &[&str]) -> Ran {
    let [input, output] = [input, output].map(|path| path.to_str().unwrap());
    run([&["-T", "json", "-w", output], options, &[input]].concat())
}

fn read(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Ran {
    let options = ["-T", "json"].map(PathBuf::from);
    run(options.into_iter().chain(paths.into_iter().map(|path| path.as_ref().into())))
}

/// The files of a rotation, in their order.
fn files(folder: &Path, stem: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_part = |path: &PathBuf| path.to_str().unwrap().contains(&format!("{stem}-0"));
    let mut files: Vec<PathBuf> = entries.filter(is_part).collect();
    files.sort();
    files
}

#[test]
fn what_is_written_of_recordings_tells_the_same() {
    let folder = scratch("write-recordings");
    for path in captures() {
        let kept = folder.join("kept.pcapng");
        let ran = keep(&path, &kept, &[]);
        assert_eq!(ran.stdout, run(["-T", "json", path.to_str().unwrap()]).stdout);
        let again = read([&kept]);
        assert_eq!(again.code, Some(0), "{}: {}", path.display(), again.stderr);
        assert!(events(&again) == events(&ran), "{}", path.display());
        let all = packets(&path);
        assert!(packets(&kept).iter().all(|packet| all.contains(packet)), "{}", path.display());
    }
}

#[test]
fn everything_is_written_packet_for_packet() {
    let folder = scratch("write-all");
    for path in captures() {
        let kept = folder.join("kept.pcapng");
        // What is not selected is written, too.
        keep(&path, &kept, &["--write-all", "--port", "1"]);
        assert!(packets(&kept) == packets(&path), "{}", path.display());
    }
}

/// Wireshark reads all of it, too.
#[test]
fn tshark_finds_the_same_packets() {
    let tshark = |path: &Path| Command::new("tshark").arg("-r").arg(path).output();
    if let Err(error) = tshark(Path::new("captures/handwritten.pcap")) {
        return skip("tshark", &error.to_string());
    }
    let folder = scratch("write-tshark");
    let kept = folder.join("kept.pcapng");
    let timeless = [section(), interface(), simple(b"no time"), simple(b"none")];
    let timeless = write(&folder, "timeless.pcapng", &timeless.concat());
    for path in captures().into_iter().chain([timeless]) {
        keep(&path, &kept, &["--write-all"]);
        let read = tshark(&kept).unwrap();
        let said = String::from_utf8_lossy(&read.stderr).into_owned();
        assert!(read.status.success() && !said.contains("damaged"), "{}: {said}", path.display());
        let lines = String::from_utf8_lossy(&read.stdout).lines().count();
        assert_eq!(lines, packets(&path).len(), "{}", path.display());
    }
}

#[test]
fn noise_is_left_out() {
    let folder = scratch("write-noise");
    let (mixed, kept) = (folder.join("mixed.pcap"), folder.join("kept.pcapng"));
    let mut capture = Capture::create(&mixed).unwrap();
    Workload::MixedNoise.write(&mut capture, 2 << 20).unwrap();
    capture.finish().unwrap();
    let ran = keep(&mixed, &kept, &[]);
    assert_eq!(ran.stderr, "");
    let wanted: Vec<Copy> = packets(&mixed).into_iter().filter(|p| p.has_port(8080)).collect();
    assert!(wanted.len() > 500);
    assert!(packets(&kept) == wanted, "in the same order");
    assert_eq!(events(&read([&kept])), events(&ran));
}

/// What a filter asks of the ends of a connection decides, and not what it asks of
/// its messages.
#[test]
fn a_filter_selects_connections_by_their_ends() {
    let folder = scratch("write-filter");
    let path = folder.join("two.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let ports = [8080_u16, 9090];
    let mut connections =
        [0, 1].map(|number| Connection::on_ethernet(number, ports[number as usize]));
    for connection in &mut connections {
        connection.dial(&mut capture).unwrap();
        connection.upgrade(&mut capture, false).unwrap();
    }
    for connection in &mut connections {
        for text in ["wanted", "unwanted"] {
            let frame = frame(Header::TEXT, Side::Server, text.as_bytes());
            connection.send(&mut capture, Side::Server, &frame).unwrap();
        }
        connection.close(&mut capture, Side::Client).unwrap();
    }
    capture.finish().unwrap();
    let all = packets(&path);
    let of_one: Vec<Copy> = all.iter().filter(|p| p.has_port(9090)).cloned().collect();
    assert!(of_one.len() > 5 && of_one.len() < all.len());
    for (options, wanted) in [
        (&["--port", "9090"][..], &of_one),
        (&["-Y", "tcp.port == 9090"], &of_one),
        (&["-Y", "tcp.port == 9090 and websocket.payload.text == \"wanted\""], &of_one),
        (&["-Y", "websocket.payload.text == \"wanted\""], &all),
        (&["-Y", "websocket.payload.text == \"wanted\"", "--write-all"], &all),
    ] {
        let kept = folder.join("kept.pcapng");
        let ran = keep(&path, &kept, options);
        assert_eq!(ran.code, Some(0), "{options:?}: {}", ran.stderr);
        assert!(packets(&kept) == *wanted, "{options:?}");
    }
}

/// Where no packet can come, nothing that is there is overwritten.
#[test]
fn a_file_is_left_alone_when_there_is_nothing_to_read() {
    let folder = scratch("writing-nothing");
    let kept = write(&folder, "kept.pcapng", b"of value");
    let text = write(&folder, "text", b"this is no capture at all");
    for input in [folder.join("nowhere"), text] {
        for options in [&[][..], &["--follow-file"]] {
            // What grows may begin yet.
            if options.is_empty() || !input.exists() {
                let ran = keep(&input, &kept, options);
                assert_eq!(ran.code, Some(2), "{}", ran.stderr);
                assert_eq!(std::fs::read(&kept).unwrap(), b"of value", "{input:?}");
            }
        }
    }
}

/// What the handshake says counts for its connection as a whole.
#[test]
fn connections_of_other_handshakes_are_left_out() {
    let folder = scratch("writing-by-handshake");
    let source = capture("short-connections.pcap");
    let kept = folder.join("kept.pcapng");
    let filter = "http.request.uri == \"/1\" && websocket";
    let ran = keep(&source, &kept, &["-Y", filter]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let all = run(["-T", "json", kept.to_str().unwrap()]).events();
    let targets: Vec<&str> = all.iter().filter_map(|event| event["target"].as_str()).collect();
    assert_eq!(targets, ["/1"]);
    // And of that one everything.
    let whole = run(["-T", "json", "-Y", "http.request.uri == \"/1\"", source.to_str().unwrap()]);
    let kinds = |events: &[Value]| events.iter().map(|e| e["event"].clone()).collect::<Vec<_>>();
    assert_eq!(kinds(&all), kinds(&whole.events()));
    assert!(all.len() > 4);
}

/// Connections of which one asks for WebSocket long after it was opened, while
/// others say something else.
fn late(path: &Path, others: u32) {
    let mut capture = Capture::create(path).unwrap();
    let mut connection = Connection::on_ethernet(0, 8080);
    connection.dial(&mut capture).unwrap();
    for number in 1..=others {
        let mut other = Connection::on_ethernet(number, 80);
        other.dial(&mut capture).unwrap();
        let request = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(900));
        other.send(&mut capture, Side::Client, request.as_bytes()).unwrap();
    }
    for _ in 0..10 {
        capture.wait(Duration::from_secs(1));
        capture.datagram([([10, 0, 0, 1], 53), ([10, 0, 0, 2], 53)], b"tick").unwrap();
    }
    connection.upgrade(&mut capture, false).unwrap();
    let hello = frame(Header::TEXT, Side::Server, b"hello at last");
    connection.send(&mut capture, Side::Server, &hello).unwrap();
    connection.close(&mut capture, Side::Client).unwrap();
    capture.finish().unwrap();
}

#[test]
fn a_connection_may_take_its_time_to_become_websocket() {
    let folder = scratch("write-late");
    let (path, kept) = (folder.join("late.pcap"), folder.join("kept.pcapng"));
    late(&path, 20);
    let ran = keep(&path, &kept, &[]);
    assert_eq!(ran.stderr, "");
    let wanted: Vec<Copy> = packets(&path).into_iter().filter(|p| p.has_port(8080)).collect();
    assert_eq!(packets(&kept), wanted);
    assert_eq!(events(&read([&kept])), events(&ran));
}

/// Whose ports are used again, so that nobody knows it any more.
#[test]
fn a_connection_that_its_end_shows_is_written() {
    let folder = scratch("write-ended");
    let (path, kept) = (folder.join("ended.pcap"), folder.join("kept.pcapng"));
    let mut capture = Capture::create(&path).unwrap();
    let request =
        b"GET /unanswered HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let mut first = Connection::on_ethernet(0, 8080);
    first.dial(&mut capture).unwrap();
    first.send(&mut capture, Side::Client, request).unwrap();
    for _ in 0..3 {
        capture.wait(Duration::from_secs(1));
        capture.datagram([([10, 0, 0, 1], 53), ([10, 0, 0, 2], 53)], b"tick").unwrap();
    }
    let mut second = Connection::on_ethernet(0, 8080);
    capture.unseen(|capture| second.send(capture, Side::Client, &[0; 9000])).unwrap();
    second.dial(&mut capture).unwrap();
    second.upgrade(&mut capture, false).unwrap();
    second.close(&mut capture, Side::Client).unwrap();
    capture.finish().unwrap();
    let ran = keep(&path, &kept, &[]);
    assert!(ran.stdout.contains("/unanswered"), "{}", ran.stdout);
    assert_eq!(events(&read([&kept])), events(&ran));
    let wanted: Vec<Copy> = packets(&path).into_iter().filter(|p| p.has_port(8080)).collect();
    assert_eq!(packets(&kept), wanted);
}

#[test]
fn what_was_held_back_is_bounded_and_what_is_missing_told() {
    let folder = scratch("write-bounds");
    let (path, kept) = (folder.join("late.pcap"), folder.join("kept.pcapng"));
    late(&path, 20);
    let ran = keep(&path, &kept, &["-v", "--limit", "set-aside=30KiB"]);
    let told = "wsdump: 3 packets of WebSocket connections not written, as too much was held back";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert!(ran.stderr.contains("(--limit set-aside)\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains(" dropped undecided, as too much was held back\n"));
    let all: Vec<Copy> = packets(&path).into_iter().filter(|p| p.has_port(8080)).collect();
    assert_eq!(packets(&kept), all[3..]);
    assert_eq!(events(&read([&kept])), events(&ran));
    // They were dropped, but missed by nobody.
    let ran = keep(&path, &kept, &["--limit", "set-aside=30KiB", "--port", "80"]);
    assert!(!ran.stderr.contains("held back"), "{}", ran.stderr);
    assert_eq!(packets(&kept), []);
}

/// What is not held back in order is written later, as long as it is kept.
#[test]
fn without_room_to_wait_only_the_order_is_lost() {
    let folder = scratch("write-order");
    let (in_order, kept) = (folder.join("in-order.pcapng"), folder.join("kept.pcapng"));
    let mut is_another_order = false;
    for path in captures() {
        keep(&path, &in_order, &[]);
        let ran = keep(&path, &kept, &["--limit=held-packets=0"]);
        let [mut wanted, mut left] = [&in_order, &kept].map(|path| packets(path));
        is_another_order |= wanted != left;
        for packets in [&mut wanted, &mut left] {
            packets.sort_by_key(|packet| (packet.nanoseconds, packet.data.clone()));
        }
        assert!(wanted == left, "{}", path.display());
        assert!(events(&read([&kept])) == events(&ran), "{}", path.display());
    }
    assert!(is_another_order);
}

/// A pcap file whose packets of IPv4 are all fragmented: the first 24 bytes of
/// their payload, and the rest.
fn fragmented(path: &Path) -> Vec<u8> {
    const ETHERNET: usize = 14;
    const IPV4: usize = 20;
    const FIRST: usize = 24;
    let bytes = std::fs::read(path).unwrap();
    let mut file = bytes[..24].to_vec();
    let mut rest = &bytes[24..];
    let mut identification = 0_u16;
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let (record, after) = rest.split_at(16 + length);
        rest = after;
        let (head, packet) = record.split_at(16);
        let total = usize::from(u16::from_be_bytes([packet[16], packet[17]]));
        let (headers, payload) = packet[..ETHERNET + total].split_at(ETHERNET + IPV4);
        identification += 1;
        let (first, second) = payload.split_at(FIRST);
        for (piece, place) in [(first, 0x2000_u16), (second, (FIRST / 8) as u16)] {
            let mut headers = headers.to_vec();
            headers[16..18].copy_from_slice(&((IPV4 + piece.len()) as u16).to_be_bytes());
            headers[18..20].copy_from_slice(&identification.to_be_bytes());
            headers[20..22].copy_from_slice(&place.to_be_bytes());
            let length = ((headers.len() + piece.len()) as u32).to_le_bytes();
            file.extend([&head[..8], &length, &length, &headers, piece].concat());
        }
    }
    file
}

#[test]
fn fragments_share_the_fate_of_their_datagram() {
    let folder = scratch("write-fragments");
    let kept = folder.join("kept.pcapng");
    for name in ["handwritten.pcap", "refused.pcap", "keep-alive.pcap"] {
        let whole = capture(name);
        let path = write(&folder, name, &fragmented(&whole));
        let ran = keep(&path, &kept, &[]);
        assert_eq!(events(&ran), events(&read([&whole])), "{name}");
        assert_eq!(events(&read([&kept])), events(&ran), "{name}");
        let of_whole = folder.join("whole.pcapng");
        keep(&whole, &of_whole, &[]);
        assert_eq!(packets(&kept).len(), 2 * packets(&of_whole).len(), "{name}");
    }
}

#[test]
fn files_that_continue_one_another_tell_the_same() {
    let folder = scratch("write-rotation");
    let path = capture("tornado-chat.pcapng");
    let sizes = ["--rotate-size", "64KiB"];
    let ran = keep(&path, &folder.join("size.pcapng"), &sizes);
    let by_size = files(&folder, "size");
    assert_eq!(by_size[0], folder.join("size-00001.pcapng"));
    assert!(by_size.len() > 3);
    assert_eq!(events(&read(&by_size)), events(&ran));
    for file in &by_size {
        let count = packets(file).len();
        let size = std::fs::metadata(file).unwrap().len();
        assert!(count == 1 || count > 1 && size <= 64 << 10, "{size}");
    }
    assert!(contents(&by_size).0 == packets(&path));

    let ran = keep(&path, &folder.join("time.pcapng"), &["--rotate-time", "10ms"]);
    let by_time = files(&folder, "time");
    assert!(by_time.len() > 1);
    assert_eq!(events(&read(&by_time)), events(&ran));
    for file in &by_time {
        let times: Vec<_> = packets(file).iter().map(|packet| packet.nanoseconds).collect();
        assert!(times.last().unwrap().unwrap() - times[0].unwrap() < 10_000_000);
    }

    keep(&path, &folder.join("kept.pcapng"), &[&sizes[..], &["--keep", "2"]].concat());
    let kept: Vec<_> = files(&folder, "kept").iter().map(|path| packets(path)).collect();
    let last: Vec<_> = by_size[by_size.len() - 2..].iter().map(|path| packets(path)).collect();
    assert!(kept == last);
}

/// Bytes, of pcapng files, that end with each packet of a file in one piece.
fn ends(file: &[u8]) -> Vec<u64> {
    let (mut ends, mut place) = (Vec::new(), 0);
    while let Some(head) = file.get(place..place + 8) {
        let [kind, length] =
            [0, 4].map(|at| u32::from_le_bytes(head[at..at + 4].try_into().unwrap()));
        place += length as usize;
        if [3, 6].contains(&kind) {
            ends.push(place as u64);
        }
    }
    ends
}

/// What a packet needs beside its own block counts: interfaces of a second input,
/// and sections that packets without times begin.
#[test]
fn no_file_is_longer_than_asked_for() {
    let folder = scratch("write-sizes");
    let pcap = capture("handwritten.pcap");
    let timeless = [section(), interface(), simple(b"one"), simple(b"two"), simple(b"three")];
    let timeless = [1, 2]
        .map(|number| write(&folder, &format!("timeless-{number}.pcapng"), &timeless.concat()));
    for (name, inputs) in [("timed", [pcap.clone(), pcap]), ("timeless", timeless)] {
        let inputs = inputs.map(|path| path.to_str().unwrap().to_owned());
        let keep_all = |stem: &str, options: &[&str]| {
            let output = folder.join(format!("{stem}.pcapng"));
            let output = output.to_str().unwrap();
            let inputs = inputs.iter().map(String::as_str);
            run(["-w", output, "--write-all"]
                .iter()
                .copied()
                .chain(options.iter().copied())
                .chain(inputs));
            output.to_owned()
        };
        let whole = keep_all(name, &[]);
        let all = packets(Path::new(&whole));
        // Each size at which one packet less would just fit, and those beside it.
        for end in ends(&std::fs::read(&whole).unwrap()).into_iter().take(8) {
            for size in [end - 4, end, end + 4] {
                let stem = format!("{name}-{size}");
                keep_all(&stem, &["--rotate-size", &size.to_string()]);
                let parts = files(&folder, &stem);
                for part in &parts {
                    let length = std::fs::metadata(part).unwrap().len();
                    assert!(
                        length <= size || packets(part).len() == 1,
                        "{length} of {size}: {name}"
                    );
                }
                let count: usize = parts.iter().map(|part| packets(part).len()).sum();
                assert_eq!(count, all.len(), "{name}, {size}");
            }
        }
    }
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, &body, &length].concat()
}

fn section() -> Vec<u8> {
    let magic = 0x1a2b_3c4d_u32.to_le_bytes();
    block(0x0a0d_0d0a, &[&magic[..], &[1, 0, 0, 0], &[0xff; 8]].concat())
}

fn interface() -> Vec<u8> {
    block(1, &[1, 0, 0, 0, 0, 0, 0, 0])
}

fn simple(data: &[u8]) -> Vec<u8> {
    block(3, &[&(data.len() as u32).to_le_bytes()[..], data].concat())
}

fn secrets_block(text: &[u8]) -> Vec<u8> {
    let length = (text.len() as u32).to_le_bytes();
    block(10, &[b"KSLT", &length[..], text].concat())
}

#[test]
fn secrets_of_a_capture_are_kept() {
    let folder = scratch("write-secrets");
    let secrets = |data: &[u8]| Secrets { kind: 0x544c_534b, data: data.to_vec() };
    let (early, late) = (secrets(b"CLIENT_RANDOM early"), secrets(b"CLIENT_RANDOM late"));
    let bytes = std::fs::read(capture("tornado-chat.pcapng")).unwrap();
    let head = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let (section, rest) = bytes.split_at(head);
    let file = [section, &secrets_block(&early.data), rest, &secrets_block(&late.data)];
    let path = write(&folder, "secrets.pcapng", &file.concat());
    let count = packets(&path).len();

    let kept = folder.join("kept.pcapng");
    keep(&path, &kept, &["--write-all"]);
    let found = contents([&kept]).1;
    assert_eq!(found, [(early.clone(), 0), (late.clone(), count)]);
    assert_eq!(read([&kept]).code, Some(0));

    keep(&path, &folder.join("part.pcapng"), &["--rotate-size", "100KB"]);
    let parts = files(&folder, "part");
    assert!(parts.len() > 2);
    for part in &parts {
        assert_eq!(contents([part]).1[0], (early.clone(), 0));
    }

    // As one that cannot be read.
    let broken = [section, &block(10, b"KSLT\xff\xff\0\0short"), rest].concat();
    let path = write(&folder, "broken.pcapng", &broken);
    let ran = keep(&path, &folder.join("kept.pcapng"), &[]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("1 block of TLS secrets not written"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_a_file_that_can_be_read() {
    let folder = scratch("write-full");
    let kept = folder.join("kept.pcapng");
    let all = packets(&capture("tornado-chat.pcapng"));
    // In blocks of 512 or of 1,024 bytes, as the shell has it.
    for blocks in [1, 2, 8, 40] {
        let script = format!("ulimit -f {blocks}; exec \"$@\"");
        let output = Command::new("sh")
            .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_wsdump"), "-w"])
            .args([&kept, &capture("tornado-chat.pcapng")])
            .output()
            .unwrap();
        let ran = Ran::from(output);
        assert_eq!(ran.code, Some(2));
        let left = packets(&kept);
        let told = format!(
            "wsdump: {}: cannot be written any further: File too large (os error 27); it can be \
             read and holds {} packet",
            kept.display(),
            left.len()
        );
        assert!(ran.stderr.starts_with(&told), "{}", ran.stderr);
        assert!(ran.stderr.contains(": make room, or bound the files with --rotate-size"));
        assert!(!ran.stdout.is_empty());
        assert_eq!(left, all[..left.len()]);
        assert_eq!(read([&kept]).code, Some(0));
    }
    // Not even its head: nothing is left that is no capture.
    let output = Command::new("sh")
        .args(["-c", "ulimit -f 0; exec \"$@\"", "sh"])
        .args([env!("CARGO_BIN_EXE_wsdump"), "-w"])
        .args([&kept, &capture("tornado-chat.pcapng")])
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    assert!(!kept.exists());
}

#[test]
fn a_file_in_use_is_not_overwritten() {
    let folder = scratch("write-in-use");
    let bytes = std::fs::read(capture("handwritten.pcap")).unwrap();
    let path = write(&folder, "traffic-00002.pcapng", &bytes);
    let ran = keep(&path, &path, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("is the file that is read"), "{}", ran.stderr);
    // Nor as one of many.
    let ran = keep(&path, &folder.join("traffic.pcapng"), &["--rotate-size", "1000"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("is the file that is read"), "{}", ran.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[cfg(unix)]
#[test]
fn packets_do_not_go_where_the_results_go() {
    let ran = keep(&capture("handwritten.pcap"), Path::new("/dev/stdout"), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("standard output goes to"), "{}", ran.stderr);
    if let Ok(terminal) = std::fs::canonicalize("/dev/ptmx") {
        let ran = keep(&capture("handwritten.pcap"), &terminal, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        assert!(ran.stderr.contains("is a terminal"), "{}", ran.stderr);
    }
}

#[test]
fn nonsense_is_refused() {
    let input = "captures/handwritten.pcap";
    for (arguments, because) in [
        (&["-w", "-"][..], "standard output is for the results: name a file"),
        (&["-w", "a.pcapng.gz"], "packets are written uncompressed: leave out .gz"),
        (&["-w", "a.pcapng", "--keep", "3"], "add --rotate-size or --rotate-time"),
        (&["-w", "a.pcapng", "--rotate-size", "0"], "a size such as 64KiB, 100MB"),
        (&["-w", "a.pcapng", "--rotate-time", "0"], "a time such as 90s"),
        (&["--rotate-size", "1MB"], "--write <FILE>"),
        (&["--rotate-time", "1h"], "--write <FILE>"),
        (&["--write-all"], "--write <FILE>"),
        (&["-w", "no/such/folder/a.pcapng"], "make its folder first"),
    ] {
        let ran = run(arguments.iter().chain(&[input]));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains(because), "{arguments:?}: {}", ran.stderr);
    }
}

/// With `-c` and where output is closed early, too.
#[test]
fn what_was_decided_upon_is_written_whatever_ends_the_run() {
    let folder = scratch("write-end");
    let (path, kept) = (capture("tornado-chat.pcapng"), folder.join("kept.pcapng"));
    let ran = keep(&path, &kept, &["-c", "3"]);
    let again = read([&kept]);
    let messages = |ran: &Ran| -> Vec<Value> {
        events(ran).into_iter().filter(|event| event["event"] == "message").collect()
    };
    let (shown, again) = (messages(&ran), messages(&again));
    assert_eq!(shown.len(), 3);
    assert_eq!(again[..3], shown[..]);

    let script = format!(
        "\"{}\" -w \"{}\" \"{}\" | head -n 1",
        env!("CARGO_BIN_EXE_wsdump"),
        kept.display(),
        path.display()
    );
    assert!(Command::new("sh").args(["-c", &script]).output().unwrap().status.success());
    let left = packets(&kept);
    assert_eq!(left, packets(&path)[..left.len()]);
}

/// A block in which a pcapng file says that its first interface dropped so many packets.
fn dropped(packets: u64) -> Vec<u8> {
    let interface_and_time = [0; 12];
    let length = 40_u32.to_le_bytes();
    [
        &5_u32.to_le_bytes()[..],
        &length,
        &interface_and_time,
        &5_u16.to_le_bytes(),
        &8_u16.to_le_bytes(),
        &packets.to_le_bytes(),
        &[0; 4],
        &length,
    ]
    .concat()
}

#[test]
fn what_the_capture_lost_is_lost_in_what_is_written_too() {
    let folder = scratch("write-lost");
    let (whole, kept) = (folder.join("whole.pcapng"), folder.join("kept.pcapng"));
    let arguments = |from: &Path, to: &Path| {
        [from.as_os_str(), "-w".as_ref(), to.as_os_str()].map(std::ffi::OsStr::to_owned)
    };
    run(arguments(&capture("handwritten.pcap"), &whole)).clean();
    let lossy = [std::fs::read(&whole).unwrap(), dropped(7)].concat();
    let lossy = write(&folder, "lossy.pcapng", &lossy);
    let ran = run(arguments(&lossy, &kept));
    assert_eq!(ran.code, Some(0));
    let sentence = "7 packets lost when the capture was made, as it says";
    assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    let judged = run(["check".as_ref(), kept.as_os_str()]);
    assert_eq!(judged.code, Some(1));
    assert!(judged.stdout.contains(sentence), "{}", judged.stdout);
    assert_eq!(run(["check".as_ref(), whole.as_os_str()]).code, Some(0));
}

#[cfg(unix)]
mod live {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::command::wsdump;
    use crate::live::{Watch, can_capture};
    use crate::traffic::Server;

    #[test]
    fn the_file_is_as_far_as_what_is_printed() {
        if !can_capture() {
            return;
        }
        let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
        let kept = scratch("write-live").join("kept.pcapng");
        let name = kept.to_str().unwrap();
        let arguments = ["-i", "lo", "--port", &server.port(), "-T", "json", "-w", name];
        let mut watch = Watch::spawn(&mut wsdump(arguments));
        watch.wait_for("capturing on ");
        let mut client = server.connect();
        let mut lines = vec![watch.line().1];
        for text in ["one", "two", "three"] {
            client.say(text);
            client.hear();
            lines.extend([watch.line().1, watch.line().1]);
            let again = read([&kept]);
            assert!(again.stdout.contains(text), "{}", again.stdout);
        }
        client.close();
        while !lines.last().unwrap().contains("\"event\":\"end\"") {
            lines.push(watch.line().1);
        }
        watch.signal("INT");
        let (rest, said, code) = watch.finish();
        assert_eq!((rest.len(), code), (0, Some(0)));
        assert!(said.contains(&format!(" packets written to {name}\n")), "{said}");
        let shown = Ran { stdout: lines.join("\n"), stderr: String::new(), code };
        assert_eq!(events(&read([&kept])), events(&shown));
    }
}
