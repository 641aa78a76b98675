//! Capture files of every form, whole and damaged.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::command::{
    capture, captures, faultless_captures, kill, run, run_with_input, scratch, skip, write, wsdump,
};

/// A classic little-endian pcap file, taken apart.
struct Pcap {
    header: Vec<u8>,
    records: Vec<Vec<u8>>,
}

impl Pcap {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (header, mut rest) = bytes.split_at(24);
        assert_eq!(header[..4], 0xa1b2_c3d4_u32.to_le_bytes());
        let mut records = Vec::new();
        while !rest.is_empty() {
            let captured = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
            let (record, after) = rest.split_at(16 + captured);
            records.push(record.to_vec());
            rest = after;
        }
        Self { header: header.to_vec(), records }
    }

    fn file(&self, records: std::ops::Range<usize>) -> Vec<u8> {
        [&self.header, self.records[records].concat().as_slice()].concat()
    }
}

fn json(paths: &[&Path]) -> crate::command::Ran {
    let mut arguments: Vec<String> = vec!["-T".into(), "json".into()];
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap().to_owned()));
    run(arguments)
}

/// Output without the field that only several files have.
fn without_files(output: &str) -> Vec<serde_json::Value> {
    output
        .lines()
        .map(|line| {
            let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
            event.as_object_mut().unwrap().remove("file");
            event
        })
        .collect()
}

#[test]
fn standard_input_gives_the_same() {
    for path in captures() {
        let from_file = json(&[&path]).stdout;
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(run_with_input(["-T", "json", "-"], &bytes).stdout, from_file);
        // `wsdump - < FILE`, where the input is a file after all.
        let file = std::fs::File::open(&path).unwrap();
        let output = wsdump(["-T", "json", "-"]).stdin(file).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), from_file);
    }
}

#[test]
fn messages_appear_while_the_input_is_still_open() {
    let pcap = Pcap::read(&capture("handwritten.pcap"));
    let mut child = wsdump(["-T", "json", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The first eight packets hold the handshake and a message.
    input.write_all(&pcap.file(0..8)).unwrap();
    input.flush().unwrap();
    // Reading blocks for ever if they are held back.
    assert!(lines.next().unwrap().unwrap().contains("\"handshake\""));
    assert!(lines.next().unwrap().unwrap().contains("\"text\":\"hello\""));
    input.write_all(&pcap.records[8..].concat()).unwrap();
    drop(input);
    assert_eq!(lines.count(), json(&[&capture("handwritten.pcap")]).stdout.lines().count() - 2);
    assert!(child.wait().unwrap().success());
}

#[test]
fn compression_is_told_by_content() {
    let folder = scratch("compression");
    let path = capture("handwritten.pcap");
    let bytes = std::fs::read(&path).unwrap();
    let expected = json(&[&path]).clean();
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap()
    };
    let lz4 = {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = zstd::encode_all(bytes.as_slice(), 3).unwrap();
    for (name, compressed) in [("a.pcap", &gzip), ("b.txt", &zstd), ("c.gz", &lz4)] {
        let path = write(&folder, name, compressed);
        assert_eq!(json(&[&path]).clean(), expected, "{name}");
        assert_eq!(run_with_input(["-T", "json", "-"], compressed).clean(), expected, "{name}");
        // Cut in the middle: what could be decompressed is shown.
        let half = write(&folder, "half", &compressed[..compressed.len() - 20]);
        let ran = json(&[&half]);
        assert_eq!(ran.code, Some(2), "{name}");
        assert!(ran.stderr.contains("half: ") && ran.stderr.contains("cut off"), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().filter(|line| line.contains("half")).count(), 1);
    }
}

#[test]
fn a_rotated_capture_is_one_in_any_order() {
    let folder = scratch("rotated");
    let path = capture("jupyter-kernel-v1.pcap");
    let pcap = Pcap::read(&path);
    let whole = without_files(&json(&[&path]).clean());
    let third = pcap.records.len() / 3;
    let parts: Vec<PathBuf> = [0..third, third..2 * third, 2 * third..pcap.records.len()]
        .into_iter()
        .enumerate()
        .map(|(index, range)| write(&folder, &format!("{index}.pcap"), &pcap.file(range)))
        .collect();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let paths: Vec<&Path> = order.iter().map(|&index| parts[index].as_path()).collect();
        let ran = json(&paths);
        assert!(ran.stdout.contains("\"file\":"));
        assert_eq!(without_files(&ran.clean()), whole, "{order:?}");
    }
}

#[test]
fn a_cut_file_gives_everything_before_the_cut() {
    let folder = scratch("cut");
    let pcap = Pcap::read(&capture("handwritten.pcap"));
    for records in [8, 20, 29] {
        let whole = pcap.file(0..records);
        let before = write(&folder, "before.pcap", &whole);
        let cut = [whole.as_slice(), &pcap.records[records][..20]].concat();
        let cut = write(&folder, "cut.pcap", &cut);
        let ran = json(&[&cut]);
        assert_eq!(ran.stdout, json(&[&before]).clean());
        assert_eq!(ran.code, Some(2));
        assert_eq!(
            ran.stderr,
            format!(
                "wsdump: {}: is cut off in the middle of a record, which begins at byte {} and needs {} bytes, of which 20 are there\n",
                cut.display(),
                whole.len(),
                pcap.records[records].len(),
            )
        );
    }
}

/// `NAME: sentence`, and exit code 2.
#[track_caller]
fn fails(path: &Path, sentence: &str) {
    let ran = run([path]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stdout, "");
    let first = ran.stderr.lines().next().unwrap_or_default();
    assert_eq!(first, format!("wsdump: {}: {sentence}", path.display()));
}

#[test]
fn what_is_no_capture_says_so() {
    let folder = scratch("no-capture");
    fails(&folder, "is a folder: name the capture files in it");
    fails(&folder.join("missing.pcap"), "there is no such file");
    fails(&write(&folder, "empty", b""), "is empty: nothing was captured into it");
    fails(
        &write(&folder, "note.txt", b"This is no capture, but a note of some length."),
        "is not a pcap or pcapng capture (it begins with 54 68 69 73 20 69 73 20): convert it with `editcap -F pcapng` if Wireshark can read it",
    );
    fails(
        &write(&folder, "short", &0xa1b2_c3d4_u32.to_le_bytes()),
        "is too short to be a capture: 4 bytes, where the header alone has 24",
    );
    let ran = run_with_input(["-"], b"");
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stderr, "wsdump: standard input: is empty: nothing was captured into it\n");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let folder = scratch("permission");
    let path = write(&folder, "secret.pcap", b"");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = wsdump([&path]);
    if std::fs::read(&path).is_ok() {
        // This is root, who may read everything: let nobody try, with a copy
        // of the program where nobody can reach it.
        let copy = std::env::temp_dir().join(format!("wsdump-test-{}", std::process::id()));
        std::fs::create_dir_all(&copy).unwrap();
        let program = copy.join("wsdump");
        // Not by this process: a program that another test starts meanwhile
        // would hold the copy open for writing, and nobody could run it.
        let copied = std::process::Command::new("cp")
            .arg(env!("CARGO_BIN_EXE_wsdump"))
            .arg(&program)
            .status();
        assert!(copied.unwrap().success());
        let secret = write(&copy, "secret.pcap", b"");
        for (path, mode) in [(&copy, 0o755), (&program, 0o755), (&secret, 0o000)] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        command = std::process::Command::new(&program);
        command.arg(&secret).uid(65534).gid(65534).current_dir("/");
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let sentence = stderr.split_once("secret.pcap: ").map(|(_, sentence)| sentence);
    assert_eq!(
        sentence,
        Some(
            "no permission to read it: run wsdump as a user who may, or change the file's permissions\n"
        ),
        "{stderr}"
    );
    let _ = std::fs::remove_dir_all(
        std::env::temp_dir().join(format!("wsdump-test-{}", std::process::id())),
    );
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let path = capture("handwritten.pcap");
    let ran = json(&[&path, Path::new("missing.pcap")]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stderr, "wsdump: missing.pcap: there is no such file\n");
    assert_eq!(without_files(&ran.stdout), without_files(&json(&[&path]).clean()));
}

#[test]
fn a_closed_output_ends_it_quietly() {
    for path in faultless_captures() {
        let mut child = wsdump(["-T", "json"]).arg(&path).arg(&path).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.starts_with('{'));
        drop(output); // as `head -1` does
        let mut complaints = String::new();
        child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        assert_eq!((child.wait().unwrap().code(), complaints.as_str()), (Some(0), ""));
    }
}

#[test]
fn an_unknown_link_type_is_told_once() {
    let folder = scratch("link-type");
    let mut pcap = Pcap::read(&capture("handwritten.pcap"));
    pcap.header[20..24].copy_from_slice(&147_u32.to_le_bytes());
    let path = write(&folder, "user0.pcap", &pcap.file(0..pcap.records.len()));
    let ran = run([&path]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        ran.stderr,
        "wsdump: 30 packets of link type 147 could not be read: wsdump does not know it\n\
         wsdump: no WebSocket traffic: 30 packets, 0 TCP conversations, 30 of unknown link types\n"
    );
}

#[test]
fn a_capture_filter_chooses_packets_and_renumbers_nothing() {
    if !cfg!(libpcap) {
        return skip("live", "built without libpcap");
    }
    let path = capture("tornado-chat.pcapng");
    let all = json(&[&path]).events();
    let client = all[1]["client"].as_str().unwrap();
    let port = client.rsplit(':').next().unwrap();
    let expression = format!("tcp port {port}");
    let ran = run(["-T", "json", "-f", &expression, path.to_str().unwrap()]);
    let expected: Vec<_> = all.iter().filter(|event| event["client"] == client).collect();
    assert!(expected.len() > 3);
    assert_eq!(ran.events().iter().collect::<Vec<_>>(), expected);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));

    // Nothing matches: the summary says so.
    let ran = run(["-f", "udp", path.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert!(ran.stderr.starts_with("wsdump: no WebSocket traffic: "), "{}", ran.stderr);
    assert!(ran.stderr.contains(" packets left out by -f"), "{}", ran.stderr);

    // Nor does it mean anything.
    let ran = run(["-f", "port eighty", path.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    let begin = "wsdump: the capture filter `port eighty` is not understood: ";
    assert!(ran.stderr.starts_with(begin), "{}", ran.stderr);
}

#[test]
fn a_capture_filter_that_means_nothing_for_a_link_type_is_told() {
    if !cfg!(libpcap) {
        return skip("live", "built without libpcap");
    }
    // 802.11 has what Ethernet has not.
    let path = capture("handwritten.pcap");
    let ran = run(["-f", "wlan addr1 00:00:00:00:00:01", path.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.starts_with("wsdump: packet 1, link type 1: the capture filter `wlan addr1")
    );

    // Beside packets for which it means something, it is a note, told once.
    let folder = scratch("link-types");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] = 105;
    let wireless = write(&folder, "wireless.pcap", &bytes);
    let both = [wireless.to_str().unwrap(), path.to_str().unwrap()];
    let ran = run(["-f", "wlan addr1 00:00:00:00:00:01", both[0], both[1]]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("the capture filter").count(), 1, "{}", ran.stderr);
}

/// The length that a filter sees is that on the wire.
#[test]
fn a_capture_filter_sees_packets_as_they_were() {
    if !cfg!(libpcap) {
        return skip("live", "built without libpcap");
    }
    let mut pcap = Pcap::read(&capture("handwritten.pcap"));
    for record in &mut pcap.records {
        record.truncate(16 + 40);
        record[8..12].copy_from_slice(&40_u32.to_le_bytes());
    }
    let folder = scratch("filter-of-cut-packets");
    let path = write(&folder, "cut.pcap", &pcap.file(0..pcap.records.len()));
    let left_out = |expression: &str| {
        let ran = run(["-v", "-f", expression, path.to_str().unwrap()]);
        ran.stderr.contains(" packets left out by -f")
    };
    assert!(!left_out("greater 41"));
    assert!(left_out("less 40"));
}

#[test]
fn a_duration_is_of_the_captures_time() {
    let path = capture("tornado-chat.pcapng");
    let all = json(&[&path]).events();
    let ran = run(["-T", "json", "--duration", "200ms", path.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let some = ran.events();
    assert!(some.len() > 3 && some.len() < all.len());
    assert_eq!(some, all[..some.len()]);
    let time = |event: &serde_json::Value| {
        event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()
    };
    let passed = |event| time(event).duration_since(time(&all[0])).as_millis();
    assert!(passed(some.last().unwrap()) < 200);
    assert!(passed(&all[some.len()]) >= 199, "the first packet comes before the first event");
}

/// A packet with a time of its own ends nothing, and takes nothing with it.
#[test]
fn one_wrong_time_ends_no_run() {
    let path = capture("handwritten.pcap");
    let count = Pcap::read(&path).records.len();
    let all = json(&[&path]).events().len();
    let folder = scratch("one-wrong-time");
    for (position, seconds) in [(0, 0), (0, u32::MAX), (7, 0), (7, u32::MAX), (count - 1, 0)] {
        let mut pcap = Pcap::read(&path);
        pcap.records[position][..4].copy_from_slice(&seconds.to_le_bytes());
        let path = write(&folder, "one.pcap", &pcap.file(0..count));
        let ran = run(["-T", "json", "--duration", "1h", path.to_str().unwrap()]);
        assert_eq!(ran.events().len(), all, "packet {position} at {seconds} s");
    }
}

/// What was read before is shown, and what was open is told as such.
#[cfg(unix)]
#[test]
fn a_signal_ends_waiting_for_standard_input() {
    let file = std::fs::read(capture("websocketd.pcap")).unwrap();
    for name in ["INT", "TERM"] {
        let mut child = wsdump(["-T", "json", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // In the middle of a record, after some messages.
        stdin.write_all(&file[..2000]).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.starts_with(r#"{"event":"handshake""#), "{first}");
        kill(&child, name);
        let last = lines.map(Result::unwrap).last().unwrap();
        assert!(last.contains(r#""event":"end""#) && last.contains(r#""state":"open""#), "{last}");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let told = "wsdump: stopped by a signal before the end of the input\n";
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), told));
    }
}

/// Nobody has opened its other end.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_waiting_for_a_fifo() {
    let path = scratch("fifo-without-a-writer").join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.is_ok_and(|status| status.success()));
    let mut child = wsdump([path.as_os_str()]).spawn().unwrap();
    // Once it has opened the FIFO, writing there does not block.
    let writer = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    kill(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(writer);
}

/// The table adds up what the ends of connections count.
#[test]
fn the_table_counts_what_the_ends_count() {
    for path in captures() {
        let ends: Vec<_> =
            json(&[&path]).events().into_iter().filter(|event| event["event"] == "end").collect();
        let table = run(["-T", "table", path.to_str().unwrap()]).stdout;
        for (from, mark) in [("client", "client →"), ("server", "← server")] {
            let sum = |count: &str| -> u64 {
                ends.iter().map(|end| end["counts"][from][count].as_u64().unwrap()).sum()
            };
            let Some(last) = table.lines().last() else { continue };
            let told = last.split_once(mark).unwrap().1;
            let numbers: Vec<u64> = told
                .split_whitespace()
                .filter_map(|word| word.replace(',', "").parse().ok())
                .take(2)
                .collect();
            assert_eq!(numbers, [sum("messages"), sum("bytes")], "{}: {last}", path.display());
        }
    }
}
