//! `-w FILE`: what it writes, and what is said about that.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::args::{Arguments, MAX_SNAP_LENGTH};
use crate::capture::{
    self, Capture, Input, PacketWriter, Rotation, Step, WriteError, WriteOptions,
};
use crate::engine::Recorder;
use crate::output::grouped;
use crate::types::Limits;

/// Creates the file that the arguments name, if they do. To be called when the
/// capture is open.
pub(super) fn open(arguments: &Arguments, limits: &Limits) -> Result<Option<Recorder>> {
    let Some(path) = arguments.write.clone() else {
        return Ok(None);
    };
    if let Some(error) = nothing_to_read(arguments) {
        return Err(error.into());
    }
    let rotation = Rotation {
        size: arguments.rotate_size,
        time: arguments.rotate_time,
        keep: arguments.keep.map(|keep| usize::try_from(keep).unwrap_or(usize::MAX)),
    };
    let is_live = !arguments.interface.is_empty();
    let writer = PacketWriter::create(WriteOptions {
        path,
        others: others(arguments),
        rotation,
        application: concat!("wsdump ", env!("CARGO_PKG_VERSION")).into(),
        snap_length: if is_live { arguments.snaplen.unwrap_or(MAX_SNAP_LENGTH) } else { 0 },
        interface: match arguments.interface.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        },
    });
    let writer = writer.map_err(|error| anyhow!("{error}{}", advice(&error)))?;
    Ok(Some(if arguments.write_all {
        Recorder::of_everything(writer)
    } else {
        Recorder::of_websocket(writer, limits)
    }))
}

/// Why no packet can come of any input, if that is certain: then a file that is
/// there is left as it is.
fn nothing_to_read(arguments: &Arguments) -> Option<capture::Error> {
    let mut reason = None;
    for path in arguments.inputs() {
        // What is no file cannot be read twice, and what grows may still begin.
        let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
        if is_file && arguments.follow_file || !is_file && (path.exists() || path == Path::new("-"))
        {
            return None;
        }
        let mut capture = Capture::open(vec![Input::from(path.as_os_str())]);
        loop {
            match capture.next() {
                Step::Packet(..) => return None,
                Step::Problem(error) => reason = reason.or(Some(error)),
                Step::End => break,
                Step::Starved | Step::Idle(_) | Step::Secrets(_) => {}
            }
        }
    }
    reason
}

/// Files that are in use.
fn others(arguments: &Arguments) -> Vec<PathBuf> {
    let inputs = arguments.inputs().cloned();
    let standard = ["/dev/stdin", "/dev/stdout"].map(PathBuf::from);
    inputs.chain(standard).collect()
}

/// What happened to the file, and what to do, if that is why a run has failed.
pub(super) fn explain(error: &Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<WriteError>()?;
    Some(format!("{error}{}", advice(error)))
}

/// What to do about an error, as the end of its sentence.
fn advice(error: &WriteError) -> &'static str {
    let (WriteError::Create { cause, .. } | WriteError::Write { cause, .. }) = error else {
        return "";
    };
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            ": make room, or bound the files with --rotate-size and --keep"
        }
        ErrorKind::PermissionDenied => ": name a file in a folder that you may write to",
        ErrorKind::NotFound => ": make its folder first",
        _ => "",
    }
}

/// What must not go unsaid.
/// `unread` blocks of secrets could not be read.
pub(super) fn notes(recorder: &Recorder, unread: u64) -> Vec<String> {
    let (written, missing) = (recorder.written(), recorder.dropped().missing);
    let secrets = written.secrets_left_out + unread;
    let mut notes = Vec::new();
    if missing > 0 {
        notes.push(format!(
            "{} of WebSocket connections not written, as too much was held back before they were known as such (--limit set-aside)",
            count(missing, "packet")
        ));
    }
    if secrets > 0 {
        notes.push(format!(
            "{} of TLS secrets not written, as they are broken or more than 16 MiB",
            count(secrets, "block")
        ));
    }
    notes
}

/// What was written.
pub(super) fn line(recorder: &Recorder) -> String {
    let (written, dropped) = (recorder.written(), recorder.dropped());
    let [first, last] = written.files.map(|file| file.display().to_string());
    let mut line = format!("{} written to ", count(written.packets, "packet"));
    line += &match written.count {
        1 => last,
        count if first == last => format!("{} files, the last is {last}", grouped(count)),
        count => format!("{} files, {first} to {last} are there", grouped(count)),
    };
    if dropped.packets > 0 {
        line += &format!(
            "; {} dropped undecided, as too much was held back",
            count(dropped.packets, "packet")
        );
    }
    line
}

fn count(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}
