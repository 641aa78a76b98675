//! Root's rights are given up once the interfaces are open.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{Ran, skip, wsdump};
use crate::live::{Watch, can_capture, is_root};
use crate::traffic::Server;

/// Whether tests of this file can be done.
fn can_be_done() -> bool {
    if !is_root() {
        skip("root", "only root has rights to give up");
    }
    is_root() && can_capture()
}

/// An id that no user has.
const NOBODYS: &str = "54321";

type Environment<'a> = &'a [(&'a str, &'a str)];

/// Sudo's words about the user nobody.
const SUDO: Environment<'static> = &[("SUDO_UID", "65534"), ("SUDO_GID", "65534")];

/// What the program is, as Linux has it: its ids, its groups, the capabilities
/// that it has or may have.
fn rights(watch: &Watch) -> [Vec<String>; 6] {
    ["Uid:", "Gid:", "Groups:", "CapEff:", "CapPrm:", "CapAmb:"].map(|name| watch.status(name))
}

/// Runs a command, the program or what starts it, and holds it to what it says
/// and is. Messages must still be told, and what the kernel dropped.
#[track_caller]
fn watch(mut command: Command, words: &str, uid: &str, gid: &str) {
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    command.args(["-i", "lo", "-v", "-T", "json", "--port", &server.port()]);
    let mut watch = Watch::spawn(&mut command);
    watch.wait_for("capturing on lo");
    let none = vec!["0000000000000000".to_owned()];
    // Nobody but root may look into it, whatever it is by now.
    assert_eq!(watch.process().uid(), 0);
    let [uids, gids, groups, capabilities @ ..] = rights(&watch);
    assert_eq!(uids, [uid; 4]);
    assert_eq!(gids, [gid; 4]);
    if uid == "0" {
        assert_ne!(capabilities[0], none);
    } else {
        assert_eq!(groups, [gid]);
        assert_eq!(capabilities, [none.clone(), none.clone(), none]);
    }

    let mut client = server.connect();
    assert_eq!(watch.event().1["event"], "handshake");
    for text in ["-one", "-two"] {
        client.mutter(text);
        assert_eq!(watch.event().1["text"], text);
    }
    watch.signal("INT");
    let (_, said, code) = watch.finish();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with(&format!("wsdump: running as {words}\n")), "{said}");
    assert!(said.contains("0 packets dropped by the kernel, 0 by the interface"), "{said}");
}

fn with(environment: Environment<'_>, arguments: &[&str]) -> Command {
    let mut command = wsdump(arguments);
    command.envs(environment.iter().copied());
    command
}

#[test]
fn who_called_sudo_goes_on() {
    if !can_be_done() {
        return;
    }
    watch(with(SUDO, &[]), "nobody (uid 65534)", "65534", "65534");
    // Not all users stand where the system looks them up.
    let unknown = [("SUDO_UID", NOBODYS), ("SUDO_GID", "54322")];
    watch(with(&unknown, &[]), "uid 54321", NOBODYS, "54322");
}

#[test]
fn the_user_named_goes_on() {
    if !can_be_done() {
        return;
    }
    let other = [("SUDO_UID", NOBODYS), ("SUDO_GID", "54322")];
    for user in ["nobody", "65534"] {
        let command = with(&other, &["--user", user]);
        watch(command, "nobody (uid 65534)", "65534", "65534");
    }
}

#[test]
fn root_goes_on_where_nobody_else_is_named() {
    if !can_be_done() {
        return;
    }
    watch(with(SUDO, &["--user", "root"]), "root (uid 0), as --user has it", "0", "0");
    for root in [&[][..], &[("SUDO_UID", "0"), ("SUDO_GID", "0")]] {
        let words = "root (uid 0), as neither sudo nor --user names another user";
        watch(with(root, &[]), words, "0", "0");
    }
}

/// The program behind `setpriv` with these options.
fn behind_setpriv(options: &[&str]) -> Option<Command> {
    if !Command::new("setpriv").arg("--dump").output().is_ok_and(|ran| ran.status.success()) {
        skip("root", "there is no `setpriv`");
        return None;
    }
    let program = wsdump([""; 0]);
    let mut command = Command::new("setpriv");
    command.args(options).arg(program.get_program()).envs(SUDO.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Some(command)
}

/// Told so, the kernel does not take the capabilities away with root's id.
#[test]
fn capabilities_are_given_up_whatever_the_kernel_was_told() {
    if !can_be_done() {
        return;
    }
    let Some(command) = behind_setpriv(&["--securebits", "+no_setuid_fixup"]) else { return };
    watch(command, "nobody (uid 65534)", "65534", "65534");
}

/// A copy of the program, in a folder that is to be removed, which every user may
/// start.
fn copy_for_all(name: &str) -> (PathBuf, PathBuf) {
    let folder = std::env::temp_dir().join(format!("wsdump-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("wsdump");
    fs::copy(env!("CARGO_BIN_EXE_wsdump"), &program).unwrap();
    (folder, program)
}

fn has_succeeded(command: &mut Command) -> bool {
    command.output().is_ok_and(|ran| ran.status.success())
}

/// The program as another user's, started by `setpriv` with these options too.
fn of_another_user(program: &Path, options: &[&str]) -> Option<Command> {
    let user = ["--reuid=65534", "--regid=65534", "--groups=65534"];
    let mut command = Command::new("setpriv");
    command.args(user).args(options);
    if !has_succeeded(Command::new("setpriv").args(command.get_args()).arg("true")) {
        return None;
    }
    command.arg(program);
    Some(command)
}

/// It has them from who started it.
fn with_ambient_capabilities(program: &Path) -> Option<Command> {
    let rights = "+net_raw,+net_admin";
    let options = [format!("--inh-caps={rights}"), format!("--ambient-caps={rights}")];
    of_another_user(program, &options.each_ref().map(String::as_str))
}

/// It has them from its file.
fn with_capabilities_of_the_file(program: &Path) -> Option<Command> {
    let mut setcap = Command::new("setcap");
    let is_set = has_succeeded(setcap.arg("cap_net_raw,cap_net_admin=eip").arg(program));
    if is_set { of_another_user(program, &[]) } else { None }
}

#[test]
fn who_was_given_capabilities_gives_them_up() {
    if !can_be_done() {
        return;
    }
    let (folder, program) = copy_for_all("capabilities");
    let mut ways = 0;
    for way in [with_ambient_capabilities, with_capabilities_of_the_file] {
        let Some(mut command) = way(&program) else { continue };
        ways += 1;
        command.current_dir("/").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        watch(command, "uid 65534, its capabilities given up", "65534", "65534");
    }
    fs::remove_dir_all(&folder).unwrap();
    if ways == 0 {
        skip("root", "`setpriv` cannot start it as another user with capabilities");
    }
}

#[test]
fn it_does_not_go_on_as_root_where_another_user_is_asked_for() {
    if !can_be_done() {
        return;
    }
    for (right, what) in [("-setuid", "its id cannot be taken"), ("-setgid", "its groups cannot")] {
        let Some(mut command) = behind_setpriv(&["--bounding-set", right]) else { return };
        let ran = Ran::from(command.args(["-i", "lo"]).output().unwrap());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        let begin = "wsdump: cannot go on as nobody (uid 65534) instead of root: ";
        assert!(ran.stderr.starts_with(begin), "{}", ran.stderr);
        assert!(ran.stderr.contains(what), "{}", ran.stderr);
        assert!(ran.stderr.ends_with("; --user root stays root\n"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("capturing"), "{}", ran.stderr);
    }
}

#[test]
fn users_that_are_not_there_are_refused() {
    if !can_be_done() {
        return;
    }
    for (command, words) in [
        (with(&[], &["--user", "nobody-of-that-name"]), "there is no user nobody-of-that-name"),
        (with(&[], &["--user", NOBODYS]), "there is no user 54321"),
        (with(&[("SUDO_UID", "me")], &[]), "SUDO_UID is \"me\", which is no id"),
        (with(&[("SUDO_UID", NOBODYS)], &[]), "SUDO_GID no group"),
    ] {
        let mut command = command;
        let ran = Ran::from(command.args(["-i", "lo"]).output().unwrap());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[test]
fn only_root_becomes_another() {
    if !can_be_done() {
        return;
    }
    let (folder, program) = copy_for_all("user");
    let said = ["root", "nobody"].map(|user| {
        let mut command = Command::new(&program);
        command.args(["-i", "lo", "--user", user]).current_dir("/").uid(65534).gid(65534);
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, Some(2));
        ran.stderr
    });
    fs::remove_dir_all(&folder).unwrap();
    assert!(said[0].contains("only root can become another user: run it with sudo"), "{}", said[0]);
    // It is that user already, who may not capture.
    assert!(said[1].contains("no permission to capture on lo"), "{}", said[1]);
}
