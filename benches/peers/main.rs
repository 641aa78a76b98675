//! What wsdump costs beside `tshark` and beside what the machine allows:
//! `cargo bench --bench peers -- [words] [--mib N] [--pairs N]`. Words select
//! what is measured by its name; `filters`, `checks`, `threads` and `start-up` are
//! names, too.
//!
//! Tools take turns on the same captures, made at the first run and kept, and
//! write to `/dev/null`. Of several runs the median counts, so that the figures
//! hold on a machine with other work, as ratios. Every process is measured from
//! outside, in one way: by what the kernel counted until it ended.
//!
//! The bounds are the least that the same work takes in a program that knows
//! how the captures were made: `headers` only goes over the headers of packets,
//! `messages` also finds the frames, unmasks, inflates and checks JSON.
//!
//! It fails where wsdump is too slow, or does not find each message.

#![expect(clippy::print_stdout, reason = "this is what it is for")]

mod bound;
#[path = "../captures/mod.rs"]
mod captures;
mod checks;
mod child;
mod filters;
mod made;
mod options;
mod start_up;
mod threads;

use std::io::{Error, Result};
use std::path::Path;
use std::process::{Command, ExitCode};

use captures::Workload;
use child::{Cost, median};
use made::Made;
use options::Options;

/// wsdump with some options on a workload.
struct Case {
    name: &'static str,
    workload: Workload,
    arguments: &'static [&'static str],
    /// How many times less CPU time than `tshark` it takes at the least.
    floor: f64,
    /// The same as it should be.
    aim: f64,
}

const JSON: &[&str] = &["--format", "json"];

const CASES: &[Case] = &[
    Case { name: "json", workload: Workload::Json, arguments: JSON, floor: 50.0, aim: 75.0 },
    Case {
        name: "json, as text",
        workload: Workload::Json,
        arguments: &["--format", "text", "--color", "never"],
        floor: 12.0,
        aim: 25.0,
    },
    Case { name: "ticks", workload: Workload::Ticks, arguments: JSON, floor: 30.0, aim: 50.0 },
    Case {
        name: "bulk, no payload",
        workload: Workload::Bulk,
        arguments: &["--format", "json", "--payload", "none"],
        floor: 60.0,
        aim: 100.0,
    },
    Case { name: "deflate", workload: Workload::Deflate, arguments: JSON, floor: 6.0, aim: 9.0 },
    Case {
        name: "mixed-noise",
        workload: Workload::MixedNoise,
        arguments: JSON,
        floor: 100.0,
        aim: 150.0,
    },
];

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        // What this program has itself do, so that it can be measured.
        [made::MAKE, name, size, path] => made::make(name, size, Path::new(path))?,
        [bound::BOUND, name, path] => bound::run(name, Path::new(path))?,
        _ => return measure(&Options::parse(&words).map_err(Error::other)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &Options) -> Result<ExitCode> {
    let peers = peers(options)?;
    let filters = filters::measure(options)?;
    let checks = checks::measure(options)?;
    let threads = threads::measure(options)?;
    let start_up = start_up::measure(options)?;
    let is_good = peers && filters && checks && threads && start_up;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures the cases that are wanted. Tells whether all is as it must be.
fn peers(options: &Options) -> Result<bool> {
    let has_tshark = Command::new("tshark").arg("--version").output().is_ok();
    let mut is_good = true;
    let mut is_headed = false;
    for workload in Workload::ALL {
        let cases: Vec<&Case> = CASES
            .iter()
            .filter(|case| case.workload == workload && options.wants(case.name))
            .collect();
        if cases.is_empty() {
            continue;
        }
        if !std::mem::replace(&mut is_headed, true) {
            head();
        }
        let made = Made::new(workload, options.mib)?;
        let costs = Costs::of(&made, &cases, options.pairs, has_tshark)?;
        for (case, cost) in cases.iter().zip(&costs.wsdump) {
            is_good &= row(case, cost, &costs, &made)?;
        }
    }
    Ok(is_good)
}

/// Runs of wsdump, and of what it is measured by, to one of tshark.
const RUNS: usize = 5;

/// What a workload costs.
struct Costs {
    /// In the order of the cases.
    wsdump: Vec<Cost>,
    tshark: Option<Cost>,
    headers: Cost,
    messages: Cost,
}

impl Costs {
    fn of(made: &Made, cases: &[&Case], pairs: usize, has_tshark: bool) -> Result<Self> {
        let mut wsdump = vec![Vec::new(); cases.len()];
        let (mut tshark, mut headers, mut messages) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..pairs {
            made.refresh()?;
            for (case, costs) in cases.iter().zip(&mut wsdump) {
                // It takes so little that once says little.
                for _ in 0..RUNS {
                    costs.push(Cost::of(child::wsdump().args(case.arguments).arg(&made.path))?);
                }
            }
            for _ in 0..RUNS {
                headers.push(Cost::of(&mut bound::command(bound::HEADERS, &made.path)?)?);
                messages.push(Cost::of(&mut bound::command(bound::MESSAGES, &made.path)?)?);
            }
            if has_tshark {
                tshark.push(Cost::of(&mut tshark_command(made))?);
            }
        }
        Ok(Self {
            wsdump: wsdump.iter().map(|costs| median(costs)).collect(),
            tshark: has_tshark.then(|| median(&tshark)),
            headers: median(&headers),
            messages: median(&messages),
        })
    }
}

fn tshark_command(made: &Made) -> Command {
    let mut command = Command::new("tshark");
    command.args(["-n", "-Y", "websocket", "-T", "fields"]);
    command.args(["-e", "frame.number", "-e", "tcp.stream"]);
    command.args(["-e", "websocket.opcode", "-e", "websocket.payload.text"]);
    if made.workload == Workload::Bulk {
        command.args(["-e", "data.data"]);
    }
    command.arg("-r").arg(&made.path);
    command
}

fn head() {
    println!(
        "{:18}|{:^22}|{:^22}|{:^21}|{:^24}|",
        "", "wsdump", "tshark", "times less CPU", "bounds, CPU s"
    );
    println!(
        "{:18}|{:>7}{:>7}{:>8}|{:>7}{:>7}{:>8}|{:>7}{:>7}{:>7}|{:>8}{:>9}{:>7}| messages",
        "",
        "CPU s",
        "wall s",
        "MiB",
        "CPU s",
        "wall s",
        "MiB",
        "",
        "floor",
        "aim",
        "headers",
        "messages",
        "times"
    );
}

/// Prints what a case costs. Tells whether it is as it must be.
fn row(case: &Case, cost: &Cost, costs: &Costs, made: &Made) -> Result<bool> {
    let Case { name, floor, aim, .. } = case;
    let times = costs.tshark.map(|tshark| tshark.cpu.div_duration_f64(cost.cpu));
    let of_bound = cost.cpu.div_duration_f64(costs.messages.cpu);
    let found = child::messages(case.arguments, &made.path)?;
    let counted = bound::messages(&made.path)?;
    let is_slow = times.is_some_and(|times| times < *floor);
    let is_wrong = found != made.messages || counted != made.messages;
    println!(
        "{name:18}|{}|{}|{:>7}{floor:>7}{aim:>7}|{:>8.3}{:>9.3}{of_bound:>7.2}| {}{}",
        figures(Some(cost)),
        figures(costs.tshark.as_ref()),
        times.map_or("?".to_owned(), |times| format!("{times:.1}")),
        costs.headers.cpu.as_secs_f64(),
        costs.messages.cpu.as_secs_f64(),
        if is_wrong {
            format!("WRONG: {found}, the bound {counted}, of {}", made.messages)
        } else {
            found.to_string()
        },
        if is_slow { "  TOO SLOW" } else { "" },
    );
    Ok(!is_slow && !is_wrong)
}

fn figures(cost: Option<&Cost>) -> String {
    const MIB: f64 = (1 << 20) as f64;
    let Some(Cost { cpu, wall, peak }) = cost else {
        return format!("{:>7}{:>7}{:>8}", "?", "?", "?");
    };
    format!("{:>7.3}{:>7.3}{:>8.1}", cpu.as_secs_f64(), wall.as_secs_f64(), *peak as f64 / MIB)
}
