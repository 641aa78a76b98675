//! What a hundred expectations cost, as a part of the run without them.

use std::fmt::Write as _;
use std::fs;
use std::io::Result;
use std::path::PathBuf;
use std::time::Duration;

use crate::captures::Workload;
use crate::child::{self, Cost, median};
use crate::made::{Made, folder};
use crate::options::Options;

/// What it may cost at the most: so many times the run that prints JSON.
const MOST: f64 = 3.0;

const KINDS: [&str; 6] = ["reading", "notice", "alarm", "state", "comment", "presence"];
const PLACES: [&str; 6] = ["hall-1", "hall-2", "outdoor", "roof", "basement", "gate"];

/// Measures it where that is wanted. Tells whether it is as it must be.
pub(crate) fn measure(options: &Options) -> Result<bool> {
    if !options.wants("checks") {
        return Ok(true);
    }
    println!("\n{:52}{:>9}{:>9}{:>8}{:>8}", "checks, CPU s", "without", "with", "part", "most");
    let mut is_good = true;
    let none = write("none", "")?;
    let hundred = write("hundred", &hundred()?)?;
    for (name, file) in [("json: rules only", none), ("json: a hundred expectations", hundred)] {
        let made = Made::new(Workload::Json, options.mib)?;
        made.refresh()?;
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..options.pairs.max(5) {
            without.push(Cost::of(child::wsdump().args(["-T", "json"]).arg(&made.path))?);
            let mut check = child::wsdump();
            check.args(["check", "-q", "--fail-on", "error", "--expect"]).arg(&file);
            with.push(Cost::of(check.arg(&made.path))?);
        }
        let (without, with): (Duration, Duration) = (median(&without).cpu, median(&with).cpu);
        let part = with.div_duration_f64(without);
        is_good &= part <= MOST;
        println!(
            "{name:52}{:>9.3}{:>9.3}{part:>8.2}{MOST:>8.2}{}",
            without.as_secs_f64(),
            with.as_secs_f64(),
            if part > MOST { "  TOO MUCH" } else { "" },
        );
    }
    Ok(is_good)
}

fn write(name: &str, text: &str) -> Result<PathBuf> {
    let path = folder()?.join(format!("{name}.toml"));
    fs::write(&path, text)?;
    Ok(path)
}

/// A hundred expectations of every kind, which the capture meets: 36 counts, 20 that
/// forbid, 20 sequences, 20 replies, 3 schemas and the limits.
fn hundred() -> Result<String> {
    let mut text = String::new();
    for kind in KINDS {
        for place in PLACES {
            expect(&mut text, &format!("json.kind == {kind} && json.source.place == {place}"));
        }
    }
    for unit in 0..20 {
        forbid(&mut text, &format!("json.source.unit == {} && json.kind == alarm", 500 + unit));
    }
    for number in 0..20 {
        let steps: Vec<String> = (0..3)
            .map(|step| format!("'json.kind == {}'", KINDS[(number + step * 2) % KINDS.len()]))
            .collect();
        put(&mut text, &format!("[[sequence]]\nsteps = [{}]\n", steps.join(", ")));
    }
    for number in 0..20 {
        let request = format!("json.source.unit == {} && ws.from == client", 600 + number);
        put(
            &mut text,
            &format!(
                "[[reply]]\nrequest = '{request}'\nresponse = 'json.kind == state'\nkey = \"json.id\"\nwithin = \"1s\"\n"
            ),
        );
    }
    let schema = folder()?.join("presence.schema.json");
    fs::write(
        &schema,
        r#"{"type": "object", "required": ["kind", "id", "source"], "properties": {"at": {"type": "integer"}}}"#,
    )?;
    for unit in 1..4 {
        put(
            &mut text,
            &format!(
                "[[schema]]\nwhere = 'json.kind == presence && json.source.unit == {unit}'\nschema = '{}'\n",
                schema.display()
            ),
        );
    }
    put(&mut text, "[limits]\nmessage_size = \"64MiB\"\nmessages_per_second = 10000000\n");
    Ok(text)
}

fn expect(text: &mut String, filter: &str) {
    put(text, &format!("[[expect]]\nwhere = '{filter}'\ncount = \">= 0\"\n"));
}

fn forbid(text: &mut String, filter: &str) {
    put(text, &format!("[[forbid]]\nwhere = '{filter}'\n"));
}

fn put(text: &mut String, table: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{table}");
}
