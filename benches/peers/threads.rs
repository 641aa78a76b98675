//! What a second thread gains.

use std::io::Result;
use std::time::Duration;

use crate::captures::Workload;
use crate::child::{self, Cost};
use crate::made::Made;
use crate::options::Options;

/// The time with two threads as a part of that with one, at the most.
const WANTED: [(Workload, f64); 3] =
    [(Workload::Json, 0.75), (Workload::Ticks, 0.75), (Workload::Deflate, 0.6)];

/// Measures it where that is wanted. Tells whether it is as it must be.
pub(crate) fn measure(options: &Options) -> Result<bool> {
    if !options.wants("threads") {
        return Ok(true);
    }
    println!("\n{:18}{:>10}{:>10}{:>8}{:>8}", "threads, wall s", "one", "two", "part", "wanted");
    let mut is_good = true;
    for (workload, wanted) in WANTED {
        let made = Made::new(workload, options.mib)?;
        made.refresh()?;
        let (mut one, mut two) = (Duration::MAX, Duration::MAX);
        // The best of each: with other work on the machine, threads wait for
        // it, and that says nothing about them.
        for _ in 0..options.pairs.max(5) {
            one = one.min(wall(&made, "1")?);
            two = two.min(wall(&made, "2")?);
        }
        let part = two.div_duration_f64(one);
        is_good &= part <= wanted;
        println!(
            "{:18}{:>10.3}{:>10.3}{part:>8.2}{wanted:>8.2}{}",
            workload.name(),
            one.as_secs_f64(),
            two.as_secs_f64(),
            if part > wanted { "  TOO LITTLE" } else { "" },
        );
    }
    Ok(is_good)
}

fn wall(made: &Made, threads: &str) -> Result<Duration> {
    let mut command = child::wsdump();
    command.args(["--format", "json", "--threads", threads]).arg(&made.path);
    Ok(Cost::of(&mut command)?.wall)
}
