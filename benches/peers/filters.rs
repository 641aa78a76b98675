//! What a filter costs, as a part of the run without one.

use std::io::Result;
use std::time::Duration;

use crate::captures::Workload;
use crate::child::{self, Cost, median};
use crate::made::Made;
use crate::options::Options;

/// Filters on workloads, and what they may cost at the most. The first selects
/// one side of few connections, the others every message and some of them.
const WANTED: [(Workload, &str, f64); 4] = [
    (Workload::MixedNoise, "ip.addr == 10.1.0.0/30", 1.0),
    (Workload::Json, "json", 1.5),
    (Workload::Json, "!(json.no.such.key == 1)", 1.5),
    (Workload::Json, r#"json.header.msg_type == "stream""#, 1.5),
];

/// Measures it where that is wanted. Tells whether it is as it must be.
pub(crate) fn measure(options: &Options) -> Result<bool> {
    if !options.wants("filters") {
        return Ok(true);
    }
    println!("\n{:52}{:>9}{:>9}{:>8}{:>8}", "filters, CPU s", "without", "with", "part", "most");
    let mut is_good = true;
    for (workload, filter, most) in WANTED {
        let made = Made::new(workload, options.mib)?;
        made.refresh()?;
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..options.pairs.max(5) {
            without.push(cost(&made, &[])?);
            with.push(cost(&made, &["--filter", filter])?);
        }
        let (without, with): (Duration, Duration) = (median(&without).cpu, median(&with).cpu);
        let part = with.div_duration_f64(without);
        is_good &= part <= most;
        println!(
            "{:52}{:>9.3}{:>9.3}{part:>8.2}{most:>8.2}{}",
            format!("{}: {filter}", workload.name()),
            without.as_secs_f64(),
            with.as_secs_f64(),
            if part > most { "  TOO MUCH" } else { "" },
        );
    }
    Ok(is_good)
}

fn cost(made: &Made, filter: &[&str]) -> Result<Cost> {
    Cost::of(child::wsdump().args(["--format", "json"]).args(filter).arg(&made.path))
}
