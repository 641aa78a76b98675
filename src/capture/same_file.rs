//! Whether two names are of one file.

use std::path::Path;

/// Whether both are names of one file that is there, be it by a link.
#[cfg(unix)]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::fs::{Metadata, metadata};
    use std::os::unix::fs::MetadataExt;

    let id = |metadata: Metadata| (metadata.dev(), metadata.ino());
    matches!((metadata(one).map(id), metadata(other).map(id)), (Ok(one), Ok(other)) if one == other)
}

/// Whether both are names of one file that is there.
#[cfg(not(unix))]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
