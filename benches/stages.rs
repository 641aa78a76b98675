//! What each stage costs alone: `cargo bench --bench stages`, optionally with
//! words of their names. For what wsdump costs as a whole see `peers`.

mod captures;

use std::fs;
use std::io::{self, Error, Result};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use wsdump::analyzer::{Analyzer, Options};
use wsdump::capture::{Capture, Input, Step};
use wsdump::engine::Engine;
use wsdump::net;
use wsdump::output::{Json, PayloadForm, Spool, Text, TextOptions, View, Zone};
use wsdump::payload::classify;
use wsdump::tcp::{self, Beginning, Conflict, History, Shared, Stream, Table};
use wsdump::types::{
    Connection, Direction, Endpoint, Event, Kind, Limits, LinkType, Message, Missing, Opcode,
    Origin, Packet, Rule, Run, Segment, Side, Sink, Source, SourceId, Timestamp,
};
use wsdump::websocket::{self, Assembled, Extensions, FrameHeader, Hole, Workspace};

use captures::{Header, Random, Workload, frame};

fn main() {
    divan::main();
}

/// Bytes of each capture.
const SIZE: u64 = 8 << 20;

/// A capture of a workload, as a file and in memory.
struct Fixture {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Fixture {
    fn of(workload: Workload) -> &'static Self {
        static ALL: LazyLock<[Fixture; 5]> = LazyLock::new(|| {
            Workload::ALL.map(|workload| Fixture::new(workload).unwrap_or_else(stop))
        });
        &ALL[workload as usize]
    }

    fn new(workload: Workload) -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stages");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.pcap", workload.name()));
        let mut capture = captures::Capture::create(&path)?;
        workload.write(&mut capture, SIZE)?;
        capture.finish()?;
        Ok(Self { bytes: fs::read(&path)?, path })
    }

    /// The packets, from memory.
    fn packets(&self) -> Vec<Packet<'_>> {
        const FILE_HEADER: usize = 24;
        let mut packets = Vec::new();
        let mut rest = &self.bytes[FILE_HEADER..];
        while let Some((header, after)) = rest.split_first_chunk::<16>() {
            let word = |index: usize| {
                header[index * 4..].first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
            };
            let nanoseconds = i64::from(word(0)) * 1_000_000_000 + i64::from(word(1)) * 1_000;
            let time = Some(Timestamp::from_nanoseconds(nanoseconds));
            let (data, after) = after.split_at(word(2) as usize);
            let packet = packets.len() as u64 + 1;
            packets.push(Packet {
                origin: Origin { packet, time, source: SourceId(0), tcp_length: 0 },
                link_type: LinkType::ETHERNET,
                data,
                original_length: word(3),
            });
            rest = after;
        }
        packets
    }

    fn counter(&self) -> BytesCount {
        BytesCount::new(self.bytes.len())
    }
}

/// There is nothing to measure.
#[expect(clippy::panic, reason = "divan takes no results")]
fn stop<T>(error: Error) -> T {
    panic!("{error}")
}

#[divan::bench(args = [Workload::Json, Workload::Bulk])]
fn reading(bencher: Bencher<'_, '_>, workload: Workload) {
    let fixture = Fixture::of(workload);
    bencher.counter(fixture.counter()).bench_local(|| {
        let mut capture = Capture::open(vec![Input::File(fixture.path.clone())]);
        let mut bytes = 0;
        loop {
            match capture.next() {
                Step::Packet(packet, _) => bytes += packet.data.len(),
                Step::End => return bytes,
                _ => {}
            }
        }
    });
}

#[divan::bench(args = [Workload::Json, Workload::MixedNoise])]
fn decoding_packets(bencher: Bencher<'_, '_>, workload: Workload) {
    let fixture = Fixture::of(workload);
    let packets = fixture.packets();
    let counter = ItemsCount::new(packets.len());
    bencher.counter(fixture.counter()).counter(counter).bench_local(|| {
        let mut decoder = net::Decoder::new(&Limits::default());
        packets
            .iter()
            .filter_map(|packet| Some(decoder.decode(packet).ok()?.payload.len()))
            .sum::<usize>()
    });
}

#[divan::bench(args = [Workload::Json, Workload::MixedNoise])]
fn assembling_streams(bencher: Bencher<'_, '_>, workload: Workload) {
    let fixture = Fixture::of(workload);
    let packets = fixture.packets();
    let segments = segments(&packets);
    let limits = Limits::default();
    let counter = ItemsCount::new(segments.len());
    bencher.counter(fixture.counter()).counter(counter).bench_local(|| {
        let mut table = Table::<Stream>::new(limits.conversations);
        let mut history = History::new(1 << 20);
        let (mut buffered, mut overflows) = (0, 0);
        let mut shared = Shared {
            limits: &limits,
            history: &mut history,
            buffered: &mut buffered,
            allowed: limits.reorder_total,
            overflows: &mut overflows,
        };
        let mut delivered = Delivered(0);
        for segment in &segments {
            let found = table.find(segment);
            let stream = &mut found.entry.state;
            stream.segment(segment, found.direction, &mut shared, &mut delivered);
        }
        delivered.0
    });
}

/// The segments in packets that have no padding.
fn segments<'a>(packets: &[Packet<'a>]) -> Vec<Segment<'a>> {
    let mut decoder = net::Decoder::new(&Limits::default());
    let mut segments = Vec::new();
    for packet in packets {
        let Ok(segment) = decoder.decode(packet) else {
            continue;
        };
        // The decoder lends it for no longer than until the next packet.
        let at = packet.data.len() - segment.payload.len();
        segments.push(segment.with_payload(&packet.data[at..]));
    }
    segments
}

/// Bytes that TCP delivered.
struct Delivered(usize);

impl tcp::Receiver for Delivered {
    fn is_beginning(&self, _: &[u8]) -> bool {
        true
    }

    fn begin(&mut self, _: Direction, _: u64, _: Beginning) {}

    fn data(&mut self, _: Direction, run: Run<'_>) {
        self.0 += run.bytes.len();
    }

    fn gap(&mut self, _: Direction, _: Missing) {}

    fn conflict(&mut self, _: Direction, _: Conflict) {}
}

#[divan::bench(args = [70, 1_000, 65_536])]
fn unmasking(bencher: Bencher<'_, '_>, length: usize) {
    let mut payload = Random::new(0).bytes(length);
    bencher.counter(BytesCount::new(length)).bench_local(|| {
        websocket::unmask(black_box(&mut payload), [0x37, 0xfa, 0x21, 0x3d], 1);
    });
}

#[divan::bench(args = [captures::Side::Client, captures::Side::Server])]
fn decoding_frames(bencher: Bencher<'_, '_>, from: captures::Side) {
    decode_frames(bencher, from, &texts());
}

#[divan::bench(args = [captures::Side::Client, captures::Side::Server])]
fn decoding_small_frames(bencher: Bencher<'_, '_>, from: captures::Side) {
    decode_frames(bencher, from, &ticks());
}

/// Decodes texts that `from` sends, as TCP delivers them.
fn decode_frames(bencher: Bencher<'_, '_>, from: captures::Side, texts: &[String]) {
    const SEGMENT: usize = 1_460;
    let bytes: Vec<u8> =
        texts.iter().flat_map(|text| frame(Header::TEXT, from, text.as_bytes())).collect();
    let side = match from {
        captures::Side::Client => Side::Client,
        captures::Side::Server => Side::Server,
    };
    let mut workspace = Workspace::new(&Limits::default(), false);
    let counter = ItemsCount::new(texts.len());
    bencher.counter(BytesCount::new(bytes.len())).counter(counter).bench_local(|| {
        let mut decoder = websocket::Decoder::new(side, Extensions::NONE, &workspace);
        let mut found = Found(0);
        let mut position = 0;
        for bytes in bytes.chunks(SEGMENT) {
            let run = Run { bytes, position, origin: ORIGIN, ack: None };
            decoder.receive(&run, &mut workspace, &mut found);
            position += bytes.len() as u64;
        }
        found.0
    });
}

/// Bytes in messages that were found.
struct Found(usize);

impl websocket::Receiver for Found {
    fn frame(&mut self, _: &FrameHeader, _: u64, _: Origin) {}

    fn message(&mut self, message: &Assembled<'_>) {
        self.0 += message.payload.len();
    }

    fn violation(&mut self, _: Rule, _: &str, _: Origin) {}

    fn hole(&mut self, _: &Hole) {}
}

/// From packets to events, of which nothing is made: for `Deflate` that is for
/// the most part inflating.
#[divan::bench(args = Workload::ALL)]
fn analyzing(bencher: Bencher<'_, '_>, workload: Workload) {
    let fixture = Fixture::of(workload);
    let packets = fixture.packets();
    bencher.counter(fixture.counter()).bench_local(|| {
        let mut analyzer = Analyzer::new(Options::default());
        let mut messages = 0_u64;
        let mut sink = |event: &Event<'_>| {
            messages += u64::from(matches!(event.kind, Kind::Message(_)));
        };
        for packet in &packets {
            analyzer.packet(packet, &[SOURCE], &mut sink as &mut dyn Sink);
        }
        analyzer.finish(&[SOURCE], &mut sink);
        messages
    });
}

#[divan::bench]
fn classifying(bencher: Bencher<'_, '_>) {
    classify_all(bencher, &texts());
}

#[divan::bench]
fn classifying_small(bencher: Bencher<'_, '_>) {
    classify_all(bencher, &ticks());
}

fn classify_all(bencher: Bencher<'_, '_>, texts: &[String]) {
    let counters = (bytes(texts), ItemsCount::new(texts.len()));
    bencher.counter(counters.0).counter(counters.1).bench_local(|| {
        for text in texts {
            black_box(classify(text.as_bytes(), true));
        }
    });
}

/// What is not ASCII: UTF-8 and JSON are checked.
#[divan::bench(args = Script::ALL)]
fn classifying_script(bencher: Bencher<'_, '_>, script: Script) {
    classify_all(bencher, &script.texts());
}

#[divan::bench]
fn showing_as_json(bencher: Bencher<'_, '_>) {
    show(bencher, &mut Json::new(PayloadForm::Auto), &texts());
}

#[divan::bench]
fn showing_small_as_json(bencher: Bencher<'_, '_>) {
    show(bencher, &mut Json::new(PayloadForm::Auto), &ticks());
}

/// White space between tokens, so that none of it is shown as it is.
#[divan::bench(args = Script::ALL)]
fn showing_script_as_json(bencher: Bencher<'_, '_>, script: Script) {
    show(bencher, &mut Json::new(PayloadForm::Auto), &script.texts());
}

#[divan::bench]
fn showing_as_text(bencher: Bencher<'_, '_>) {
    show(bencher, &mut text_view(), &texts());
}

#[divan::bench]
fn showing_small_as_text(bencher: Bencher<'_, '_>) {
    show(bencher, &mut text_view(), &ticks());
}

fn text_view() -> Text {
    Text::new(TextOptions { zone: Zone::Utc, ..TextOptions::default() })
}

/// Renders messages that are known to be JSON.
fn show(bencher: Bencher<'_, '_>, view: &mut dyn View, texts: &[String]) {
    let endpoint = |port| Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
    let connection = Connection {
        stream: 3,
        h2_stream: None,
        client: endpoint(50_000),
        server: endpoint(80),
        inferred: false,
    };
    let messages: Vec<Message<'_>> = texts.iter().map(|text| message(text)).collect();
    let mut out = Spool::new(io::sink());
    let counters = (bytes(texts), ItemsCount::new(texts.len()));
    bencher.counter(counters.0).counter(counters.1).bench_local(|| {
        for message in &messages {
            let event = Event {
                origin: ORIGIN,
                source: &SOURCE,
                connection: &connection,
                is_first: false,
                kind: Kind::Message(*message),
            };
            view.event(&event, &mut out);
            out.relieve();
        }
    });
}

/// A message of one frame that the server sent.
fn message(text: &str) -> Message<'_> {
    Message::new(Side::Server, Opcode::Text, classify(text.as_bytes(), true))
}

/// From the file to lines of JSON.
#[divan::bench(args = Workload::ALL)]
fn all(bencher: Bencher<'_, '_>, workload: Workload) {
    let fixture = Fixture::of(workload);
    bencher.counter(fixture.counter()).bench_local(|| {
        let engine = Engine {
            capture: &mut Capture::open(vec![Input::File(fixture.path.clone())]),
            analyzer: &mut Analyzer::new(Options::default()),
            view: &mut Json::new(PayloadForm::Auto),
            output: Box::new(io::sink()),
            wanted: None,
            threads: 1,
            recorder: None,
            messages: None,
            duration: None,
            problem: &mut |_| {},
            progress: None,
        };
        engine.run().unwrap_or_else(stop)
    });
}

const SOURCE: Source = Source { file: None, interface: None };

const ORIGIN: Origin = Origin { packet: 7, time: None, source: SourceId(0), tcp_length: 0 };

/// JSON of about 1 KB.
fn texts() -> Vec<String> {
    let mut random = Random::new(1);
    (0..500)
        .map(|_| {
            let length = random.between(200, 1_900);
            captures::json(&mut random, length)
        })
        .collect()
}

/// JSON of about 70 bytes.
fn ticks() -> Vec<String> {
    let mut random = Random::new(2);
    (0..5_000).map(|_| captures::tick(&mut random)).collect()
}

/// What texts that are not ASCII are written in.
#[derive(Clone, Copy, Debug)]
enum Script {
    Arabic,
    Japanese,
    CurlyQuotes,
}

impl Script {
    const ALL: [Self; 3] = [Self::Arabic, Self::Japanese, Self::CurlyQuotes];

    /// JSON of about 1 KB.
    fn texts(self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Arabic => &["الضغط ", "ضمن ", "الحدود ", "والصمام ", "مغلق، "],
            Self::Japanese => &["圧力は", "正常で", "バルブは", "閉じて", "います。"],
            Self::CurlyQuotes => &["it’s ", "“within ", "limits” ", "and the ", "valve ‘shut’ "],
        };
        let mut random = Random::new(3);
        (0..500)
            .map(|id| {
                let length = random.between(200, 1_900);
                let mut text = format!(r#"{{ "id": {id}, "note": ""#);
                while text.len() < length {
                    text.push_str(random.pick(words));
                }
                text + r#"" }"#
            })
            .collect()
    }
}

fn bytes(texts: &[String]) -> BytesCount {
    BytesCount::new(texts.iter().map(String::len).sum::<usize>())
}
