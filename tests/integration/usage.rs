//! Arguments, exit codes and what is said at the end.

use crate::command::{captures, run, skip, wsdump};

const CHAT: &str = "captures/tornado-chat.pcapng";

#[track_caller]
fn is_refused(arguments: &[&str], because: &str) {
    let ran = run(arguments);
    assert_eq!(ran.code, Some(2), "{arguments:?}");
    assert_eq!(ran.stdout, "", "{arguments:?}");
    assert!(ran.stderr.contains(because), "{arguments:?}: {}", ran.stderr);
}

#[test]
fn wrong_usage_is_refused() {
    is_refused(&[], "name a capture file, '-' for standard input, or an interface with -i");
    is_refused(&["--ip", "localhost", CHAT], "not an IP address, nor a network such as 10.0.0.0/8");
    is_refused(&["--ip", "10.0.0.0/33", CHAT], "not an IP address");
    is_refused(&["--port", "0", CHAT], "0 is not in 1..");
    is_refused(&["--port", "http", CHAT], "invalid digit");
    is_refused(&["-c", "0", CHAT], "0 is not in 1..");
    is_refused(&["-T", "xml", CHAT], "[possible values: text, json, table]");
    is_refused(&["-q", "-v", CHAT], "cannot be used with");
    is_refused(&["--frames", "-T", "table", CHAT], "--frames has nothing to show in a table");
    is_refused(
        &["--payload", "base64", "-T", "table", CHAT],
        "--payload has nothing to show in a table",
    );
    for option in ["--compact", "--full", "--body=none"] {
        for form in ["json", "table"] {
            is_refused(&[option, "-T", form, CHAT], "--compact, --body and --full are for text");
        }
    }
    is_refused(&["--compact", "--body", "pretty", CHAT], "--compact has nothing below its lines");
    for payload in ["base64", "none"] {
        is_refused(
            &["--body", "compact", "--payload", payload, CHAT],
            "--body lays out payloads that are shown as what they are",
        );
    }
    for option in ["--no-control", "--no-heartbeats"] {
        is_refused(&[option, "-T", "table", CHAT], "have nothing to leave out of a table");
    }
    is_refused(&["--limit", "heads=1", CHAT], "where NAME is one of conversations, closed-time");
    is_refused(&["--limit", "head=1"], "name a capture file, '-' for standard input");
    is_refused(&["-i", "lo", CHAT], "cannot be used with");
    is_refused(&["-i", "lo", "-r", CHAT], "cannot be used with");
    is_refused(&["--snaplen", "100", CHAT], "for live capture: name an interface with -i");
    is_refused(&["--user", "nobody", CHAT], "--user is for live capture: name an interface");
    is_refused(&["-i", "lo", "--snaplen", "262145"], "a number of bytes, at most 262144");
    is_refused(&["-i", "lo", "--buffer-size", "2GiB"], "a size such as 64MiB");
    is_refused(&["--duration", "0", CHAT], "a time such as 90s");
    is_refused(&["--duration", "soon", CHAT], "a time such as 90s");
    is_refused(&["--no-such-option", CHAT], "unexpected argument");
    is_refused(&["-", "-"], "standard input can be read only once");
}

#[test]
fn help_and_version_go_to_stdout() {
    let version = run(["--version"]).clean();
    assert!(version.starts_with(concat!("wsdump ", env!("CARGO_PKG_VERSION"), " (live capture: ")));
    assert_eq!(version.contains("libpcap)"), cfg!(libpcap));
    for option in ["--format", "--payload", "--frames", "--ip", "--port", "--count", "--limit"] {
        assert!(run(["--help"]).clean().contains(option), "{option}");
    }
}

#[test]
fn interfaces_are_listed_or_the_reason_is_told() {
    let ran = run(["-D"]);
    if cfg!(libpcap) {
        let table = ran.clean();
        assert!(table.starts_with("Interface"), "{table}");
        assert!(table.lines().any(|line| line.contains("any") || line.contains("lo")), "{table}");
    } else {
        skip("live", "built without libpcap, so only the refusal is tested");
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains("libpcap was not found: install it"), "{}", ran.stderr);
    }
}

#[test]
fn limits_are_listed() {
    let list = run(["--limit", "help"]).clean();
    assert!(list.contains("reorder=16MiB ") && list.contains("grace-time=100ms "), "{list}");
}

#[test]
fn habits_of_tcpdump_work() {
    let plain = run([CHAT]).clean();
    assert_eq!(run(["-nr", CHAT]).clean(), plain);
    let numbered = run(["-v", CHAT]).stdout;
    let first = numbered.lines().find(|line| line.contains("server text")).unwrap();
    let shown: u64 = first.split_whitespace().next().unwrap().parse().unwrap();
    let events = run(["-T", "json", CHAT]).events();
    let told =
        events.iter().find(|event| event["opcode"] == "text" && event["from"] == "server").unwrap();
    assert_eq!(told["packet"], shown);
}

#[test]
fn the_manual_and_completions_know_every_option() {
    let manual = run(["man"]).clean();
    assert!(manual.starts_with(".ie") || manual.contains(".TH wsdump"));
    let position = |text: &str| manual.find(text).unwrap_or_else(|| panic!("{text}: {manual}"));
    let places = [
        "\\fB\\-\\-no\\-heartbeats\\fR",
        ".SH \"WSDUMP STATS\"",
        ".SS SYNOPSIS",
        "\\fB\\-\\-by\\fR",
        ".SH \"WSDUMP FOLLOW\"",
        "\\fB\\-\\-raw\\fR",
        ".SH \"WSDUMP CHECK\"",
        "\\fB\\-\\-explain\\fR",
        ".SH \"WSDUMP DIFF\"",
        ".SH \"WSDUMP FIELDS\"",
        ".SH VERSION",
    ]
    .map(position);
    assert!(places.is_sorted(), "{places:?}: {manual}");
    assert!(manual.lines().skip(3).all(|line| !line.starts_with(".ie")), "{manual}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(run(["completions", shell]).clean().contains("payload"), "{shell}");
    }
}

/// The clients that events are of.
fn clients(arguments: &[&str]) -> Vec<String> {
    let ran = run(["-T", "json", CHAT].iter().chain(arguments));
    let mut clients: Vec<String> =
        ran.events().iter().map(|event| event["client"].as_str().unwrap().to_owned()).collect();
    clients.sort();
    clients.dedup();
    clients
}

#[test]
fn addresses_and_ports_select_connections_and_renumber_nothing() {
    let all = clients(&[]);
    assert_eq!(all.len(), 3);
    assert_eq!(clients(&["--ip", "127.0.0.1"]), all);
    assert_eq!(clients(&["--ip", "10.0.0.0/8", "--ip", "127.0.0.0/8"]), all);
    let port = |client: &str| client.rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(clients(&["--port", &port(&all[1])]), [all[1].clone()]);
    assert_eq!(
        clients(&["--port", &port(&all[0]), "--port", &port(&all[2])]),
        [all[0].clone(), all[2].clone()]
    );

    let lines = |arguments: &[&str]| -> Vec<String> {
        let ran = run(["-T", "json", CHAT].iter().chain(arguments));
        ran.stdout.lines().map(str::to_owned).collect()
    };
    let of_one = lines(&["--port", &port(&all[1])]);
    let name = format!("\"client\":\"{}\"", all[1]);
    let expected: Vec<String> =
        lines(&[]).into_iter().filter(|line| line.contains(&name)).collect();
    assert_eq!(of_one, expected);
}

#[test]
fn nothing_found_says_why() {
    let ran = run(["--port", "1", CHAT]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        ran.stderr,
        "wsdump: no WebSocket traffic: 106 packets, 3 TCP conversations, 3 of them filtered away\n"
    );
    assert_eq!(run(["-q", "--port", "1", CHAT]).clean(), "");
}

#[test]
fn a_count_stops_it_after_so_many_messages() {
    let ran = run(["-T", "json", "-c", "5", CHAT]);
    let kinds: Vec<String> =
        ran.events().iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "message").count(), 5);
    assert_eq!(kinds.last().unwrap(), "message");
    assert!(!kinds.contains(&"end".to_owned()));
    let all = run(["-T", "json", CHAT]).stdout;
    assert!(all.starts_with(&ran.clean()));
    let table = run(["-T", "table", "-c", "5", CHAT]).clean();
    assert!(table.contains("127.0.0.1:"), "{table}");
}

#[test]
fn verbose_tells_what_was_seen_and_quiet_nothing() {
    let ran = run(["-v", "-T", "json", CHAT]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.stderr,
        "wsdump: 3 WebSocket connections, 48 messages, 0 gaps: 106 packets, 3 TCP conversations\n"
    );
}

#[test]
fn limits_are_told_when_reached() {
    let ran = run(["-T", "json", "--limit", "message=1000", CHAT]);
    let cut: Vec<_> = ran.events().into_iter().filter(|event| event["truncated"] == true).collect();
    assert!(!cut.is_empty());
    for event in &cut {
        assert!(event["length"].as_u64().unwrap() > 1000);
        assert!(event["complete"] == true && event["json"].is_null());
    }
    assert_eq!(
        ran.stderr,
        format!(
            "wsdump: {} messages longer than is kept, shown in part (--limit message)\n",
            cut.len()
        )
    );
}

#[test]
fn the_same_input_gives_the_same_output() {
    for path in captures() {
        for format in ["text", "json", "table"] {
            let once = run(["-T", format, path.to_str().unwrap()]);
            let again = run(["-T", format, path.to_str().unwrap()]);
            assert_eq!((again.code, again.stdout), (Some(0), once.stdout));
            assert_eq!(again.stderr, once.stderr);
        }
    }
}

#[test]
fn colour_only_when_asked_for() {
    assert!(!run([CHAT]).clean().contains('\x1b'));
    assert!(!run(["--color", "never", CHAT]).clean().contains('\x1b'));
    assert!(run(["--color", "always", CHAT]).clean().contains('\x1b'));
}

#[test]
fn servers_are_ports_or_addresses_with_a_port() {
    let ran = run(["--websocket", "host:80", "captures/handwritten.pcap"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("127.0.0.1:9000"), "{}", ran.stderr);
    // Where there is a handshake it changes nothing.
    let plain = run(["-T", "json", "captures/handwritten.pcap"]).clean();
    for server in ["1", "127.0.0.1:65535", "[::1]:80"] {
        let told = run(["--websocket", server, "-T", "json", "captures/handwritten.pcap"]);
        assert_eq!(told.clean(), plain);
    }
}

/// The first packet is one of the TCP handshake, which nothing is told of.
#[test]
fn times_are_told_as_asked_for() {
    let column = |time: &str| {
        let printed = run(["--time", time, "captures/handwritten.pcap"]).clean();
        let times = printed.lines().filter(|line| line.contains(" #")).take(3);
        times.map(|line| line.split_once(" #").unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    let local = column("local");
    assert_eq!(column("utc"), local, "the tests are in UTC");
    assert_eq!([column("ad"), column("ud")], [local.clone(), local]);
    assert_eq!(column("epoch"), ["1795233774.686109", "1795233774.686202", "1795233774.686224"]);
    assert_eq!(column("relative"), ["    0.000252", "    0.000345", "    0.000367"]);
    assert_eq!(column("delta"), ["    0.000000", "    0.000093", "    0.000022"]);
    let other =
        wsdump(["--time", "utc", "captures/handwritten.pcap"]).env("TZ", "Asia/Tokyo").output();
    let printed = String::from_utf8(other.unwrap().stdout).unwrap();
    assert_eq!(printed, run(["captures/handwritten.pcap"]).clean());
    for form in ["json", "table"] {
        let [plain, timed] = [&[][..], &["--time", "delta"]]
            .map(|time| run([&["-T", form, "captures/handwritten.pcap"], time].concat()).clean());
        assert_eq!(plain, timed);
    }
}
