//! Looks for libpcap, which only live capture needs.
//!
//! Sets `cfg(libpcap)` when it is there. `WSDUMP_LIBPCAP=require` makes its
//! absence an error, `WSDUMP_LIBPCAP=no` builds without it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where libraries are when pkg-config does not know.
const FOLDERS: &[&str] = &[
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/opt/homebrew/lib",
    "/opt/local/lib",
];

/// Multiarch folders within those, by architecture.
const MULTIARCH: &[(&str, &str)] = &[
    ("x86_64", "x86_64-linux-gnu"),
    ("aarch64", "aarch64-linux-gnu"),
    ("arm", "arm-linux-gnueabihf"),
    ("x86", "i386-linux-gnu"),
    ("riscv64", "riscv64-linux-gnu"),
];

/// Names that the linker takes for `-lpcap`.
const LINKABLE: &[&str] = &["libpcap.so", "libpcap.a", "libpcap.dylib", "libpcap.tbd"];

/// Names under which the library stands alone, without its headers' package.
const RUNTIME: &[&str] = &["libpcap.so.1", "libpcap.so.0.8"];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(libpcap)");
    println!("cargo::rerun-if-env-changed=WSDUMP_LIBPCAP");
    println!("cargo::rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo::rerun-if-env-changed=LIBPCAP_LIBDIR");
    let wish = env::var("WSDUMP_LIBPCAP").unwrap_or_default();
    // Live capture waits in the way of Unix.
    if wish == "no" || env::var_os("CARGO_CFG_UNIX").is_none() {
        return;
    }
    match find() {
        Some(folder) => {
            println!("cargo::rustc-cfg=libpcap");
            if let Some(folder) = folder {
                println!("cargo::rustc-link-search=native={}", folder.display());
            }
        }
        None if wish == "require" => {
            println!(
                "cargo::error=libpcap was not found; install its headers (libpcap-dev, libpcap-devel)"
            );
        }
        None => {}
    }
}

/// `Some(folder)` to link from; the folder is `None` where the linker looks
/// anyway.
fn find() -> Option<Option<PathBuf>> {
    // What is not there cannot be watched: cargo would build every time. The
    // linker's cache is written when a library is installed.
    println!("cargo::rerun-if-changed=build.rs");
    for path in ["/etc/ld.so.cache", "/lib/apk/db/installed"] {
        if Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    if let Some(folder) = env::var_os("LIBPCAP_LIBDIR") {
        return Some(Some(folder.into()));
    }
    // What this machine has is of no use to another.
    if env::var_os("TARGET") != env::var_os("HOST") {
        return None;
    }
    if let Some(folder) = ask_pkg_config() {
        return Some(Some(folder));
    }
    let existing = |names: &[&str]| {
        folders()
            .iter()
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
            .find(|path| path.exists())
    };
    if let Some(library) = existing(LINKABLE) {
        return Some(library.parent().map(Path::to_owned));
    }
    existing(RUNTIME).and_then(|library| link_to(&library)).map(Some)
}

fn folders() -> Vec<PathBuf> {
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let multiarch =
        MULTIARCH.iter().find(|(name, _)| *name == architecture).map(|(_, folder)| folder);
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    if let Some(multiarch) = multiarch {
        folders.extend(FOLDERS.iter().map(|folder| Path::new(folder).join(multiarch)));
    }
    folders
}

fn ask_pkg_config() -> Option<PathBuf> {
    let output = Command::new("pkg-config")
        .args(["--variable=libdir", "libpcap"])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    LINKABLE.iter().any(|name| folder.join(name).exists()).then_some(folder)
}

/// Gives a library that has only its run-time name the one that the linker
/// looks for.
fn link_to(library: &Path) -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("OUT_DIR")?).join("libpcap");
    fs::create_dir_all(&folder).ok()?;
    let link = folder.join("libpcap.so");
    let _ = fs::remove_file(&link);
    symlink(library, &link).ok()?;
    Some(folder)
}

#[cfg(unix)]
fn symlink(library: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(library, link)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
