//! Live capture: real traffic on loopback, and the program watching it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tungstenite::Message;

use crate::command::{kill, run, skip, wsdump};
use crate::traffic::{Client, Said, Server, order, take_orders};

const LOOPBACK: &str = if cfg!(target_os = "linux") { "lo" } else { "lo0" };

/// Longer than anything takes on a machine that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program while it watches.
pub(crate) struct Watch {
    child: Child,
    lines: Receiver<(Instant, String)>,
    errors: Receiver<(Instant, String)>,
    /// What it said on standard error so far.
    said: String,
}

impl Watch {
    /// Starts the program and waits until it captures. `None` where it cannot.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        if !can_capture() {
            return None;
        }
        let mut watch = Self::spawn(&mut wsdump(["-i", LOOPBACK].iter().chain(arguments)));
        watch.wait_for("capturing on ");
        Some(watch)
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = lines(child.stdout.take().unwrap());
        let errors = lines_of_errors(&mut child);
        Self { child, lines, errors, said: String::new() }
    }

    /// Waits until it says this on standard error.
    pub(crate) fn wait_for(&mut self, words: &str) {
        while !self.said.contains(words) {
            let Ok((_, line)) = self.errors.recv_timeout(PATIENCE) else {
                panic!("it does not say {words:?} but {:?}", self.said);
            };
            self.said += &line;
            self.said.push('\n');
        }
    }

    /// The next line it prints, and when.
    pub(crate) fn line(&self) -> (Instant, String) {
        self.lines.recv_timeout(PATIENCE).expect("no line")
    }

    /// The next event it prints, and when.
    pub(crate) fn event(&self) -> (Instant, Value) {
        let (at, line) = self.line();
        (at, serde_json::from_str(&line).unwrap())
    }

    pub(crate) fn signal(&self, name: &str) {
        kill(&self.child, name);
    }

    /// Waits until it has ended. The rest of what it printed, what it said and
    /// its exit code.
    pub(crate) fn finish(mut self) -> (Vec<String>, String, Option<i32>) {
        let rest = self.lines.iter().map(|(_, line)| line).collect();
        for (_, line) in self.errors.iter() {
            self.said += &line;
            self.said.push('\n');
        }
        let status = self.child.wait().unwrap();
        (rest, std::mem::take(&mut self.said), status.code())
    }

    /// Its memory in KiB, as Linux counts it: `VmRSS:` is what it has, `VmHWM:`
    /// the most that it had.
    #[cfg(target_os = "linux")]
    fn memory(&self, count: &str) -> u64 {
        self.status(count)[0].parse().unwrap()
    }

    /// Its folder of `/proc`, which is its user's where that may look into it.
    #[cfg(all(target_os = "linux", libpcap))]
    pub(crate) fn process(&self) -> fs::Metadata {
        fs::metadata(format!("/proc/{}/fd", self.child.id())).unwrap()
    }

    /// What Linux tells about it on the line that begins with `name`.
    #[cfg(target_os = "linux")]
    pub(crate) fn status(&self, name: &str) -> Vec<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It would go on for ever where a test fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(reader: impl io::Read + Send + 'static) -> Receiver<(Instant, String)> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(reader).lines() {
            if sender.send((Instant::now(), line.unwrap())).is_err() {
                return;
            }
        }
    });
    receiver
}

fn lines_of_errors(child: &mut Child) -> Receiver<(Instant, String)> {
    lines(child.stderr.take().unwrap())
}

/// Whether this build, and this user, can capture; tells once why not.
pub(crate) fn can_capture() -> bool {
    static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
    let answer = ANSWER.get_or_init(|| {
        let ran = run(["-i", LOOPBACK, "--duration", "1ms"]);
        if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr) }
    });
    if let Err(reason) = answer {
        skip("live", reason.trim());
    }
    answer.is_ok()
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Whether an event is this message.
fn is(event: &Value, said: &Said) -> bool {
    event["event"] == "message"
        && event["client"] == said.client.to_string()
        && event["from"] == said.from
        && event["opcode"] == said.opcode
        && event["complete"] == true
        && event["base64"] == STANDARD.encode(&said.payload)
}

fn texts(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["text"].as_str()).collect()
}

fn parse(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Payloads on both sides of every length that is written differently, and of
/// what one segment holds.
fn messages() -> Vec<Message> {
    let mut messages: Vec<Message> = vec![
        "{\"hello\": \"wörld\"}".into(),
        "plain text, no JSON".into(),
        String::new().into(),
        Message::Ping(b"are you there?".to_vec().into()),
    ];
    for length in [1, 125, 126, 127, 65_535, 65_536, 200_000] {
        let bytes: Vec<u8> =
            (0..length).map(|n: u32| n.wrapping_mul(2_654_435_761) as u8).collect();
        messages.push(bytes.into());
    }
    messages
}

/// Everything that is said is told, one at a time, before anything else is
/// said: what is told late would never come.
fn watch_messages(host: IpAddr) {
    let Some(server) = Server::start(host) else {
        return skip("ipv6", &format!("there is no {host}"));
    };
    let port = server.port();
    let Some(watch) = Watch::start(&["--port", &port, "-T", "json", "--payload", "base64"]) else {
        return;
    };
    let mut clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    let mut handshakes = BTreeMap::new();
    for _ in &clients {
        let (_, handshake) = watch.event();
        assert_eq!(handshake["event"], "handshake");
        assert_eq!(
            (&handshake["status"], &handshake["accept_status"]),
            (&101.into(), &"valid".into())
        );
        assert_eq!(handshake["server"], server.address.to_string());
        *handshakes.entry(handshake["client"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    for client in &clients {
        assert_eq!(handshakes.get(&client.address.to_string()), Some(&1));
    }
    let mut delays = Vec::new();
    for message in messages() {
        for client in &mut clients {
            let mut expect = |said: &Said| {
                let (at, event) = watch.event();
                assert!(is(&event, said), "{event} is not {said:?}");
                delays.push(at - said.at);
            };
            client.say(message.clone());
            expect(&server.said());
            // The longest do not fit between the two unless somebody reads.
            assert_eq!(client.hear().into_data(), message.clone().into_data());
            match message {
                Message::Ping(_) => expect(&Said {
                    client: client.address,
                    from: "server",
                    opcode: "pong",
                    payload: b"are you there?".to_vec(),
                    at: Instant::now(),
                }),
                _ => expect(&server.said()),
            }
        }
    }
    for client in clients {
        client.close();
    }
    delays.sort_unstable();
    let (median, longest) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    tell(&format!(
        "live on {host}: {} messages, each told after {:.1} ms (median) to {:.1} ms",
        delays.len(),
        median.as_secs_f64() * 1e3,
        longest.as_secs_f64() * 1e3
    ));
    // Loosely: other tests keep the machine busy.
    assert!(median < Duration::from_millis(100) && longest < Duration::from_secs(2));

    let ends = (0..9).map(|_| watch.event().1).filter(|event| event["event"] == "end").count();
    assert_eq!(ends, 3, "two Close frames and an end for each");
    watch.signal("INT");
    let (rest, said, code) = watch.finish();
    assert_eq!((rest, code), (Vec::new(), Some(0)), "{said}");
    assert!(
        said.contains(&format!("3 WebSocket connections, {} messages, ", delays.len() + 6)),
        "{said}"
    );
    assert!(said.contains("0 packets dropped by the kernel"), "{said}");
}

/// Past the test harness, which keeps back what tests that pass print.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[test]
fn every_message_over_ipv4_in_time() {
    watch_messages(Ipv4Addr::LOCALHOST.into());
}

#[test]
fn every_message_over_ipv6_in_time() {
    watch_messages(Ipv6Addr::LOCALHOST.into());
}

#[test]
fn a_signal_ends_it_with_the_last_events_and_a_summary() {
    for signal in ["INT", "TERM"] {
        let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
        let Some(watch) = Watch::start(&["--port", &server.port(), "-T", "json"]) else {
            return;
        };
        let mut client = server.connect();
        client.say("one");
        for kind in ["handshake", "message", "message"] {
            assert_eq!(watch.event().1["event"], kind);
        }
        watch.signal(signal);
        let (rest, said, code) = watch.finish();
        assert_eq!(code, Some(0), "{said}");
        let rest = parse(&rest);
        assert_eq!(rest.len(), 1, "{rest:?}");
        assert_eq!((&rest[0]["event"], &rest[0]["state"]), (&"end".into(), &"open".into()));
        assert!(said.contains("1 WebSocket connection, 2 messages, "), "{said}");
        assert!(said.contains(" packets, 1 TCP conversation"), "{said}");
        assert!(said.contains("0 packets dropped by the kernel, 0 by the interface"), "{said}");
    }
}

/// The README's session, but for ports, times and the counts of packets.
#[test]
fn the_session_in_the_readme() {
    let (address, shop) = take_orders();
    let Some(watch) = Watch::start(&["--port", &address.port().to_string()]) else { return };
    order(address);
    shop.join().unwrap();
    let mut printed = Vec::new();
    while printed.last().is_none_or(|line: &String| !line.contains("end     closed")) {
        printed.push(watch.line().1);
    }
    watch.signal("INT");
    let (rest, said, _) = watch.finish();
    assert_eq!(rest, Vec::<String>::new());
    let printed = printed.join("\n") + "\n^C\n" + said.split_once('\n').unwrap().1;

    let (_, shown) = include_str!("../../README.md").split_once("wsdump: capturing on lo").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let (_, shown) = shown.split_once('\n').unwrap();
    let but_for_numbers = |text: &str| {
        let unit = |word: &str| word.replace("µs", "ms").replace("s,", ",");
        let words: Vec<String> = text.split_whitespace().map(unit).collect();
        let words = words.join(" ");
        let digits = |letter: char| letter.is_ascii_digit();
        let mut parts: Vec<&str> = words.split(digits).collect();
        parts.dedup_by(|later, _| later.is_empty());
        parts.join("0")
    };
    assert_eq!(but_for_numbers(&printed), but_for_numbers(shown));
}

#[test]
fn when_nothing_was_found_the_summary_says_why() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let Some(watch) = Watch::start(&["--port", &server.port()]) else { return };
    watch.signal("INT");
    let (rest, said, code) = watch.finish();
    assert_eq!((rest, code), (Vec::new(), Some(0)));
    assert!(said.contains("no WebSocket traffic: 0 packets, 0 TCP conversations"), "{said}");
}

#[test]
fn a_number_of_messages_ends_it() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let arguments = ["--port", &server.port(), "-T", "json", "-c", "3"];
    let Some(watch) = Watch::start(&arguments) else { return };
    let mut client = server.connect();
    for text in ["-one", "-two", "-three", "-four"] {
        client.mutter(text);
    }
    let (lines, said, code) = watch.finish();
    assert_eq!(code, Some(0));
    assert_eq!(texts(&parse(&lines)), ["-one", "-two", "-three"]);
    assert_eq!(lines.len(), 4, "no end is told of what is still open");
    assert!(said.contains("3 messages"), "{said}");
}

#[test]
fn a_duration_ends_it_even_when_nothing_comes() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let began = Instant::now();
    let arguments = ["--port", &server.port(), "-T", "json", "--duration", "2s"];
    let Some(watch) = Watch::start(&arguments) else { return };
    let mut client = server.connect();
    client.mutter("-one");
    let (lines, said, code) = watch.finish();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(texts(&parse(&lines)), ["-one"]);
    assert_eq!(lines.len(), 2, "no end is told of what is still open");
    assert!(began.elapsed() >= Duration::from_secs(2));
}

/// Packets that libpcap itself leaves out, as the kernel cannot, are no reason
/// to forget the time.
#[test]
fn a_duration_ends_it_when_packets_come_that_are_left_out() {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    if !can_capture() {
        return;
    }
    // Only libpcap knows the header of cooked packets.
    let filter = "link[6:2] = 0x0304 and tcp port 1";
    let arguments = ["-i", "any", "-f", filter, "--duration", "300ms"];
    let mut watch = Watch::spawn(&mut wsdump(arguments));
    watch.wait_for("capturing on any");
    let began = Instant::now();
    while watch.child.try_wait().unwrap().is_none() {
        socket.send_to(b"noise", address).unwrap();
        assert!(began.elapsed() < PATIENCE, "it does not end");
    }
    assert_eq!(watch.finish().2, Some(0));
}

/// Each packet once, and with the name of its interface.
#[cfg(target_os = "linux")]
#[test]
fn any_interface_is_named() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let port = server.port();
    for interfaces in [&["-i", "any"][..], &["-i", "lo", "-i", "lo", "-i", "any"]] {
        if !can_capture() {
            return;
        }
        let arguments = [interfaces, &["--port", &port, "-T", "json", "-c", "2"]].concat();
        let mut watch = Watch::spawn(&mut wsdump(arguments));
        watch.wait_for("capturing on ");
        let mut client = server.connect();
        client.mutter("-one");
        client.mutter("-two");
        let (lines, said, code) = watch.finish();
        assert_eq!(code, Some(0), "{said}");
        let events = parse(&lines);
        assert_eq!(texts(&events), ["-one", "-two"]);
        assert!(events.iter().all(|event| event["interface"] == "lo"), "{events:?}");
    }
}

#[test]
fn packets_that_are_cut_are_told() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let options = ["--snaplen", "2000", "--buffer-size", "1M", "--no-promiscuous"];
    let port = server.port();
    let arguments = [&["--port", &port, "-T", "json"], &options[..]].concat();
    let Some(watch) = Watch::start(&arguments) else { return };
    let mut client = server.connect();
    client.mutter("-".repeat(5000));
    client.close();
    let mut events = Vec::new();
    while events.last().is_none_or(|event: &Value| event["event"] != "end") {
        events.push(watch.event().1);
    }
    watch.signal("INT");
    let (_, said, code) = watch.finish();
    assert_eq!(code, Some(0));
    let message = events.iter().find(|event| event["opcode"] == "text").unwrap();
    assert_eq!((&message["complete"], &message["length"]), (&false.into(), &5000.into()));
    assert!(message["text"].as_str().unwrap().len() < 2000);
    assert!(said.contains("cut by the snap length: "), "{said}");
}

/// As `| head` does, and nothing is written that would show it.
#[test]
fn it_ends_when_nobody_reads_any_more() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    if !can_capture() {
        return;
    }
    let (reader, writer) = io::pipe().unwrap();
    let mut command = wsdump(["-i", LOOPBACK, "--port", &server.port()]);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    let errors = lines(child.stderr.take().unwrap());
    assert!(errors.recv_timeout(PATIENCE).unwrap().1.contains("capturing on"));
    drop(reader);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// What was sent before is lost; what follows is recognised by its bytes.
#[test]
fn a_connection_that_is_open_already() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let mut early = server.connect();
    early.mutter("-before");
    let Some(watch) = Watch::start(&["--port", &server.port(), "-T", "json"]) else { return };
    let mut late = server.connect();
    let notes = [1, 2, 3, 4].map(|number| format!("-note {number} of the old one"));
    for note in &notes {
        early.mutter(note.as_str());
    }
    late.mutter("-of the new one");
    early.close();
    late.close();
    let mut events = Vec::new();
    let is_end = |event: &Value| event["event"] == "end";
    while events.iter().filter(|event| is_end(event)).count() < 2 {
        events.push(watch.event().1);
    }
    watch.signal("INT");
    let (_, said, code) = watch.finish();
    assert_eq!(code, Some(0), "{said}");
    let (new, old): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|event| event["inferred"] != true);
    assert_eq!(new[0]["accept_status"], "valid");
    assert_eq!(texts(&new), ["-of the new one"]);
    assert!(old.iter().all(|event| event["event"] != "handshake"));
    assert_eq!(texts(&old), notes);
    assert!(said.contains("2 TCP conversations, 1 of them begun before the capture"), "{said}");
}

#[test]
fn fifty_thousand_messages_at_full_speed() {
    const MESSAGES: usize = 50_000;
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let Some(watch) = Watch::start(&["--port", &server.port(), "-T", "json"]) else { return };
    let sender = thread::spawn(move || {
        let mut client = server.connect();
        let began = Instant::now();
        for number in 0..MESSAGES {
            client.mutter(format!("-{number} of fifty thousand messages"));
        }
        let took = began.elapsed();
        client.close();
        took
    });
    assert_eq!(watch.event().1["event"], "handshake");
    #[cfg(target_os = "linux")]
    let before = watch.memory("VmRSS:");
    for number in 0..MESSAGES {
        let (_, event) = watch.event();
        assert_eq!(event["text"], format!("-{number} of fifty thousand messages"));
    }
    let took = sender.join().unwrap();
    tell(&format!("live: {MESSAGES} messages sent in {:.2} s", took.as_secs_f64()));
    #[cfg(target_os = "linux")]
    {
        let most = watch.memory("VmHWM:");
        tell(&format!("live: {before} KiB resident at the first of them, {most} KiB at most"));
        assert!(most - before < 8192, "memory grew from {before} KiB to {most} KiB");
    }
    watch.signal("INT");
    let (_, said, code) = watch.finish();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("50,002 messages, 0 gaps"), "{said}");
    assert!(said.contains("0 packets dropped by the kernel"), "{said}");
}

/// What the kernel has captured until the signal is told, and so is the end.
#[test]
fn a_signal_right_after_a_burst_loses_nothing() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let Some(watch) = Watch::start(&["--port", &server.port(), "-T", "json"]) else { return };
    let mut client = server.connect();
    for number in 0..300 {
        client.mutter(format!("-{number} {}", "x".repeat(50_000)));
    }
    client.close();
    watch.signal("INT");
    let (lines, said, code) = watch.finish();
    assert_eq!(code, Some(0), "{said}");
    let events = parse(&lines);
    let told = texts(&events).into_iter().filter(|text| text.len() > 50_000).count();
    assert_eq!(told, 300, "{said}");
    assert_eq!(events.last().unwrap()["state"], "closed");
}

#[test]
fn a_signal_ends_it_although_nobody_reads() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    if !can_capture() {
        return;
    }
    let mut child = wsdump(["-i", LOOPBACK, "--port", &server.port()]).spawn().unwrap();
    let unread = child.stdout.take().unwrap();
    let errors = lines_of_errors(&mut child);
    assert!(errors.recv_timeout(PATIENCE).unwrap().1.contains("capturing on"));
    let mut client = server.connect();
    // More than a pipe holds.
    for _ in 0..50 {
        client.mutter("-".repeat(50_000));
    }
    client.close();
    kill(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let said: String = errors.iter().map(|(_, line)| line).collect();
    assert!(said.contains("what was left to print is lost"), "{said}");
    assert!(said.contains("1 WebSocket connection, "), "{said}");
    drop(unread);
}

/// The kernel passes what is asked for, and what may be: the program does not
/// see the rest.
#[test]
fn the_kernel_leaves_the_rest_out() {
    let [wanted, other] = [(); 2].map(|()| Server::start(Ipv4Addr::LOCALHOST.into()).unwrap());
    for arguments in [["--port", &wanted.port()], ["-f", &format!("tcp port {}", wanted.port())]] {
        let Some(watch) =
            Watch::start(&[&arguments[..], &["-T", "json", "--ip", "127.0.0.0/8"]].concat())
        else {
            return;
        };
        let mut clients = [other.connect(), wanted.connect()];
        clients.iter_mut().for_each(|client| client.mutter("-hello"));
        clients.into_iter().for_each(Client::close);
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["event"] != "end") {
            events.push(watch.event().1);
        }
        watch.signal("INT");
        let (rest, said, _) = watch.finish();
        assert_eq!(rest, Vec::<String>::new());
        assert_eq!(texts(&events), ["-hello"]);
        assert!(said.contains(", 1 TCP conversation\n"), "{said}");
    }
}

#[test]
fn a_filter_that_is_not_understood_is_refused() {
    if !can_capture() {
        return;
    }
    for expression in ["port eighty", "tcp or", "tcp) or (udp"] {
        let ran = run(["-i", LOOPBACK, "-f", expression]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        let begin = format!("wsdump: the capture filter `{expression}` is not understood: ");
        assert!(ran.stderr.starts_with(&begin), "{}", ran.stderr);
    }
}

#[test]
fn an_interface_that_is_not_there_is_refused_with_those_that_are() {
    if !can_capture() {
        return;
    }
    let ran = run(["-i", "nowhere7"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("no interface nowhere7; there are "), "{}", ran.stderr);
    assert!(ran.stderr.contains(LOOPBACK) && ran.stderr.contains("`wsdump -D`"), "{}", ran.stderr);
}

#[test]
fn who_may_not_capture_is_told_what_to_do() {
    if !cfg!(libpcap) {
        return skip("live", "built without libpcap");
    }
    let folder = std::env::temp_dir().join(format!("wsdump-test-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("wsdump");
    fs::copy(env!("CARGO_BIN_EXE_wsdump"), &program).unwrap();
    let mut command = Command::new(&program);
    command.args(["-i", LOOPBACK, "--duration", "1ms"]).current_dir("/").stdin(Stdio::null());
    if is_root() {
        // Nobody, who may capture nothing.
        command.uid(65534).gid(65534);
    }
    let output = command.output();
    fs::remove_dir_all(&folder).unwrap();
    let output = output.unwrap();
    if output.status.success() {
        return skip("root", "this user may capture, and cannot become one who may not");
    }
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{said}");
    assert!(said.contains("no permission to capture on lo"), "{said}");
    assert!(said.contains("run it with sudo"), "{said}");
    let setcap = format!("setcap cap_net_raw,cap_net_admin=eip {}", program.display());
    assert!(said.contains(&setcap), "{said}");
}

#[test]
fn without_libpcap_it_says_what_to_install() {
    if cfg!(libpcap) {
        return;
    }
    for arguments in [&["-i", "lo"][..], &["-f", "tcp", "captures/handwritten.pcap"]] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        assert!(ran.stderr.contains("libpcap was not found: install it"), "{}", ran.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interface_that_vanishes_ends_it() {
    let name = format!("wsd{}", std::process::id() % 100_000);
    let ip = |words: &str| {
        let command = Command::new("ip").args(words.split(' ')).stderr(Stdio::null()).status();
        command.is_ok_and(|status| status.success())
    };
    if !can_capture() {
        return;
    }
    if !ip(&format!("link add {name} type veth peer name {name}p")) {
        return skip("root", "no right to add an interface");
    }
    assert!(ip(&format!("link set {name} up")));
    let mut watch = Watch::spawn(&mut wsdump(["-i", &name]));
    watch.wait_for("capturing on ");
    assert!(ip(&format!("link del {name}")));
    let (_, said, code) = watch.finish();
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains(&format!("wsdump: {name}: nothing more can be captured there")),
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_how_far_it_is() {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    let wsdump = env!("CARGO_BIN_EXE_wsdump");
    let run = format!("{wsdump} -v -i lo --port {} --duration 600ms", server.port());
    if !can_capture() {
        return;
    }
    let on_terminal = |command: &str| {
        Command::new("script").args(["-qec", command, "/dev/null"]).stdin(Stdio::null()).output()
    };
    let Ok(shown) = on_terminal(&run) else {
        return skip("terminal", "there is no `script`");
    };
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("0 packets, 0 messages, dropped: 0 by the kernel, 0 by the interface"));
    // With standard error elsewhere there is nobody to show it to.
    let hidden = on_terminal(&format!("{run} 2>/dev/null")).unwrap();
    assert_eq!(String::from_utf8_lossy(&hidden.stdout), "");
    let elsewhere = Command::new("sh").args(["-c", &run]).output().unwrap();
    assert!(!String::from_utf8_lossy(&elsewhere.stderr).contains("dropped: "));
}
