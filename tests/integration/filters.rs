//! What filters select from the recordings, against a table (`tests/filters.txt`)
//! and against tshark.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::command::{capture, run, scratch, skip, write};

/// A row of the table.
struct Row {
    capture: &'static str,
    how: How,
    /// Packets, with the first letter of the kind of event unless it is a message.
    selected: Vec<String>,
    filter: &'static str,
}

/// How it is known what is selected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Tshark,
    Hand,
}

impl Row {
    /// As tshark is asked: it has packets, and wsdump has events that are none.
    fn asked(&self) -> String {
        match self.how {
            How::Tshark => format!("websocket && ({})", self.filter),
            How::Hand => self.filter.to_owned(),
        }
    }
}

fn table() -> Vec<Row> {
    let mut capture = "";
    let mut rows = Vec::new();
    for line in include_str!("../filters.txt").lines() {
        if let Some(name) = line.strip_prefix("== ") {
            capture = name;
        } else if !line.is_empty() && !line.starts_with('#') {
            rows.push(row(capture, line));
        }
    }
    rows
}

fn row(capture: &'static str, line: &'static str) -> Row {
    let mut parts = line.splitn(3, '|').map(str::trim);
    let (how, selected, filter) =
        (parts.next().unwrap(), parts.next().expect(line), parts.next().expect(line));
    let how = match how {
        "tshark" => How::Tshark,
        "hand" => How::Hand,
        _ => panic!("{line}"),
    };
    let selected = selected.split(' ').filter(|word| *word != "none");
    let selected = selected.flat_map(|word| match word.split_once("..") {
        None => vec![word.to_owned()],
        Some((first, last)) => {
            let number = |text: &str| text.parse::<u64>().expect(line);
            (number(first)..=number(last)).map(|packet| packet.to_string()).collect()
        }
    });
    Row { capture, how, selected: selected.collect(), filter }
}

/// Does this to each row, some at once. All that went wrong, at last.
fn for_each(rows: &[Row], check: impl Fn(&Row) -> Result<(), String> + Sync) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(what) = check(row) {
                wrong.push(format!("{}: {}: {what}", row.capture, row.filter));
            }
        }
        wrong
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_row_selects_what_it_says() {
    let rows = table();
    assert!(rows.len() >= 400);
    let captures: BTreeSet<_> = rows.iter().map(|row| row.capture).collect();
    assert!(captures.len() >= 20, "{captures:?}");
    for_each(&rows, |row| {
        let path = capture(row.capture);
        let asked = row.asked();
        let arguments = ["-q", "-T", "json", "-Y", &asked, path.to_str().unwrap()];
        let ran = run(arguments);
        if ran.code != Some(0) {
            return Err(ran.stderr);
        }
        if run([&["--threads", "3"], &arguments[..]].concat()).stdout != ran.stdout {
            return Err("otherwise with several threads".to_owned());
        }
        let selected = ran.events().into_iter().map(|event| {
            let kind = event["event"].as_str().unwrap();
            let letter = if kind == "message" { "" } else { &kind[..1] };
            format!("{}{letter}", event["packet"])
        });
        compare(&selected.collect::<Vec<_>>(), &row.selected)
    });
}

/// Skipped where tshark is not there; `tests/compare-with-tshark` asks for it.
#[test]
fn tshark_selects_the_same() {
    if let Err(error) = Command::new("tshark").arg("--version").output() {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        return skip("tshark", "it is not installed");
    }
    let rows = table();
    let rows: Vec<&Row> = rows.iter().filter(|row| row.how == How::Tshark).collect();
    assert!(rows.len() >= 150);
    // Neither what its user has set nor names from the network.
    let settings = scratch("tshark");
    let mut by_capture: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for &row in &rows {
        by_capture.entry(row.capture).or_default().push(row);
    }
    let selected = |capture_name: &str, rows: &[&Row]| {
        let script = write(&settings, &format!("{capture_name}.lua"), listeners(rows).as_bytes());
        let ran = Command::new("tshark")
            .args(["-n", "-q", "-X", &format!("lua_script:{}", script.to_str().unwrap())])
            .args(["-r", capture(capture_name).to_str().unwrap()])
            .env("TZ", "UTC")
            .env("WIRESHARK_CONFIG_DIR", &settings)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success() && !said.contains("error"), "{capture_name}: {said}");
        let mut selected = vec![Vec::new(); rows.len()];
        for line in String::from_utf8(ran.stdout).unwrap().lines() {
            let (row, packet) = line.split_once(' ').expect(line);
            selected[row.parse::<usize>().unwrap()].push(packet.to_owned());
        }
        selected
    };
    let mut wrong = Vec::new();
    for (capture, rows) in by_capture {
        for (row, selected) in rows.iter().zip(selected(capture, &rows)) {
            if let Err(what) = compare(&selected, &row.selected) {
                wrong.push(format!("{capture}: {}: {what}", row.filter));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A script that lets tshark print, in one run, each packet that a row selects,
/// behind the number of the row.
fn listeners(rows: &[&Row]) -> String {
    let listener = |(number, row): (usize, &&Row)| {
        format!(
            "local tap = Listener.new('frame', [===[{}]===])\n\
             function tap.packet(packet) print('{number} ' .. packet.number) end\n",
            row.asked()
        )
    };
    // Lua allows so many local names at once, and no more.
    rows.iter().enumerate().map(listener).map(|text| format!("do\n{text}end\n")).collect()
}

fn compare(found: &[String], expected: &[String]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{} instead of {}", found.join(" "), expected.join(" ")))
}
