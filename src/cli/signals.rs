//! Ctrl-C and SIGTERM.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::capture::Stop;

/// What ends the run when one of the signals comes. A second one ends the
/// process as if they were not caught, should the first have no effect.
///
/// # Errors
/// When the system refuses a thread or a file descriptor.
pub(super) fn stop() -> io::Result<Stop> {
    let stop = Stop::new()?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let stopper = stop.clone();
    thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in &mut signals {
            if stopper.is_stopped() {
                let _ = emulate_default_handler(signal);
            }
            stopper.stop();
        }
    })?;
    Ok(stop)
}
