//! How long a run takes that has hardly anything to do.

use std::io::Result;
use std::path::Path;
use std::time::Duration;

use crate::child::{self, Cost, middle};
use crate::options::Options;

const WANTED: Duration = Duration::from_millis(15);
const RUNS: usize = 100;

/// Measures it where that is wanted. Tells whether it is as it must be.
pub(crate) fn measure(options: &Options) -> Result<bool> {
    if !options.wants("start-up") {
        return Ok(true);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/jupyter-kernel.pcapng");
    let walls: Vec<Duration> =
        (0..RUNS).map(|_| Ok(Cost::of(child::wsdump().arg(&path))?.wall)).collect::<Result<_>>()?;
    let wall = middle(walls.into_iter());
    println!(
        "\nstart-up: {:.2} ms, the median of {RUNS} runs; less than {} ms is wanted{}",
        wall.as_secs_f64() * 1e3,
        WANTED.as_millis(),
        if wall < WANTED { "" } else { "  TOO SLOW" },
    );
    Ok(wall < WANTED)
}
