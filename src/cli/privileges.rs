//! Giving up root's rights, and capabilities, which only opening an interface takes.
//!
//! ```text
//!  effective user   --user        SUDO_UID       goes on as
//!  root             root                         root
//!  root             NAME | UID                   that user
//!  root                           a user's       that user
//!  root                           none, root's   root
//!  another          none, itself                 itself, without capabilities
//! ```

use std::env;
use std::ffi::OsStr;
use std::fmt;

use anyhow::{Result, anyhow, bail};
use nix::unistd::{Gid, Uid, User};

use super::args::Arguments;

/// Whether this system has the calls, of those that `nix` knows.
const CAN_CHANGE: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "openbsd"
));

/// Who the process is to be once the interfaces are open.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Privileges {
    /// Who it is, and that is not root.
    Own,
    /// Root, and why it stays so.
    Root(&'static str),
    /// Another, for good.
    Other(Account),
}

/// A user other than root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// `None` where the system knows only the number.
    name: Option<String>,
    uid: Uid,
    gid: Gid,
}

/// What sudo leaves in the environment about who called it.
#[derive(Default)]
struct Sudo<'a> {
    uid: Option<&'a OsStr>,
    gid: Option<&'a OsStr>,
}

impl Privileges {
    /// As the arguments, or else sudo, have it.
    ///
    /// # Errors
    /// When there is no such user, the process may not become that one, or what
    /// sudo says cannot be understood.
    pub(super) fn of(arguments: &Arguments) -> Result<Self> {
        let [uid, gid] = ["SUDO_UID", "SUDO_GID"].map(env::var_os);
        let sudo = Sudo { uid: uid.as_deref(), gid: gid.as_deref() };
        Self::choose(Uid::effective(), arguments.user.as_deref(), &sudo)
    }

    fn choose(effective: Uid, user: Option<&str>, sudo: &Sudo<'_>) -> Result<Self> {
        match user {
            _ if !effective.is_root() => match user {
                Some(user) if account(user)?.uid != effective => {
                    bail!(
                        "only root can become another user: run it with sudo, or leave out --user {user}"
                    )
                }
                _ => Ok(Self::Own),
            },
            Some(user) => match account(user)? {
                account if account.uid.is_root() => Ok(Self::Root("as --user has it")),
                _ if !CAN_CHANGE => bail!(
                    "--user {user} cannot be done, as wsdump does not know how to become another user on this system: leave it out to stay root"
                ),
                account => Ok(Self::Other(account)),
            },
            None if !CAN_CHANGE => Ok(Self::Root("as wsdump cannot change that on this system")),
            None => match sudo.caller()? {
                Some(account) => Ok(Self::Other(account)),
                None => Ok(Self::Root("as neither sudo nor --user names another user")),
            },
        }
    }

    /// Becomes it. What is to be told about that, if anything is.
    ///
    /// # Errors
    /// When it is not certain that root's rights, or the capabilities, are gone for
    /// good.
    pub(super) fn settle(self) -> Result<Option<String>> {
        match self {
            Self::Own => go_on_without_capabilities().map_err(|error| {
                anyhow!("cannot give up the capabilities that it was given: {error:#}; run it with sudo instead")
            }),
            Self::Root(reason) => Ok(Some(format!("running as root (uid 0), {reason}"))),
            Self::Other(account) => {
                become_for_good(&account).map_err(|error| {
                    anyhow!("cannot go on as {account} instead of root: {error:#}; --user root stays root")
                })?;
                Ok(Some(format!("running as {account}")))
            }
        }
    }
}

impl Sudo<'_> {
    /// Who called sudo, unless that was root, or nobody did.
    fn caller(&self) -> Result<Option<Account>> {
        let Some(uid) = self.uid else {
            return Ok(None);
        };
        let uid = Uid::from_raw(number("SUDO_UID", uid)?);
        if uid.is_root() {
            return Ok(None);
        }
        let user = User::from_uid(uid).ok().flatten();
        let gid = match (self.gid, &user) {
            (Some(gid), _) => Gid::from_raw(number("SUDO_GID", gid)?),
            (None, Some(user)) => user.gid,
            (None, None) => bail!(
                "SUDO_UID names a user that the system does not know, {uid}, and SUDO_GID no group: name the user with --user"
            ),
        };
        Ok(Some(Account { name: user.map(|user| user.name), uid, gid }))
    }
}

/// The id that a variable of sudo's holds. The greatest number means none to the
/// system.
fn number(variable: &str, value: &OsStr) -> Result<u32> {
    let number = value.to_str().and_then(|value| value.parse().ok());
    number.filter(|&number| number != u32::MAX).ok_or_else(|| {
        anyhow!("{variable} is {value:?}, which is no id: name the user to become with --user")
    })
}

/// The user of this name or, where there is none, of this number.
fn account(user: &str) -> Result<Account> {
    let unknown = |error| anyhow!("the user {user} cannot be looked up: {error}");
    let found = match User::from_name(user).map_err(unknown)? {
        Some(found) => Some(found),
        None => match user.parse() {
            Ok(uid) => User::from_uid(Uid::from_raw(uid)).map_err(unknown)?,
            Err(_) => None,
        },
    };
    let User { name, uid, gid, .. } = found
        .ok_or_else(|| anyhow!("there is no user {user}: name one of this system with --user"))?;
    Ok(Account { name: Some(name), uid, gid })
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} (uid {})", self.uid),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

/// Becomes `account` in every respect, groups first, as only root may change
/// those; and makes sure of it.
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "openbsd"
))]
fn become_for_good(account: &Account) -> Result<()> {
    use std::ffi::CString;

    use anyhow::Context;
    use nix::unistd::{getresgid, getresuid, initgroups, setgroups, setresgid, setresuid, setuid};

    let Account { name, uid, gid } = account;
    match name {
        Some(name) => initgroups(&CString::new(name.as_str())?, *gid),
        None => setgroups(&[*gid]),
    }
    .context("its groups cannot be taken")?;
    setresgid(*gid, *gid, *gid).context("its group cannot be taken")?;
    setresuid(*uid, *uid, *uid).context("its id cannot be taken")?;
    #[cfg(target_os = "linux")]
    give_up_capabilities().context("the capabilities cannot be given up")?;

    let (users, groups) = (getresuid()?, getresgid()?);
    let is_settled = [users.real, users.effective, users.saved].iter().all(|id| id == uid)
        && [groups.real, groups.effective, groups.saved].iter().all(|id| id == gid);
    if !is_settled || setuid(Uid::from_raw(0)).is_ok() {
        bail!("the system let it keep root's rights");
    }
    Ok(())
}

/// Who is not root may have them from the program's file (`setcap`), or from who
/// started it. What is to be told, if there were any.
#[cfg(target_os = "linux")]
fn go_on_without_capabilities() -> Result<Option<String>> {
    use anyhow::Context;
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    use rustix::thread::capabilities;

    if capabilities(None)?.permitted.is_empty() {
        return Ok(None);
    }
    // Without more rights than its user has, it is one that the user may look into,
    // and take the open interface from.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .context("it cannot be closed to others")?;
    give_up_capabilities()?;
    Ok(Some(format!("running as uid {}, its capabilities given up", Uid::effective())))
}

/// Only Linux has them.
#[cfg(not(target_os = "linux"))]
fn go_on_without_capabilities() -> Result<Option<String>> {
    Ok(None)
}

/// The kernel takes them away with root's id, unless it was told not to
/// (`PR_SET_KEEPCAPS`, `SECBIT_NO_SETUID_FIXUP`). Ambient ones go with those that
/// are permitted. They are a thread's, and there is but one so far.
#[cfg(target_os = "linux")]
fn give_up_capabilities() -> Result<()> {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, none)?;
    if capabilities(None)? != none {
        bail!("some are left");
    }
    Ok(())
}

/// Never called, as nobody is chosen there.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "openbsd"
)))]
fn become_for_good(_: &Account) -> Result<()> {
    bail!("wsdump does not know how on this system")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Uid = Uid::from_raw(0);

    fn chosen(effective: Uid, user: Option<&str>, sudo: [Option<&str>; 2]) -> Result<Privileges> {
        let [uid, gid] = sudo.map(|value| value.map(OsStr::new));
        Privileges::choose(effective, user, &Sudo { uid, gid })
    }

    /// A number that no system gives to anybody.
    const UNKNOWN: &str = "4294967290";

    #[test]
    fn root_becomes_who_called_sudo() {
        let other = chosen(ROOT, None, [Some(UNKNOWN), Some("7")]).unwrap();
        let uid = Uid::from_raw(UNKNOWN.parse().unwrap());
        let account = Account { name: None, uid, gid: Gid::from_raw(7) };
        assert_eq!(account.to_string(), "uid 4294967290");
        assert_eq!(other, Privileges::Other(account));
        for nobody in [None, Some("0")] {
            let stays = chosen(ROOT, None, [nobody, Some("0")]).unwrap();
            assert!(matches!(stays, Privileges::Root(_)), "{stays:?}");
        }
    }

    #[test]
    fn what_sudo_says_is_not_guessed() {
        for sudo in [
            [Some("me"), Some("7")],
            [Some(""), Some("7")],
            [Some("-1"), None],
            [Some("4294967295"), Some("7")],
            [Some(UNKNOWN), Some("us")],
            [Some(UNKNOWN), None],
        ] {
            let refused = chosen(ROOT, None, sudo).unwrap_err().to_string();
            assert!(refused.contains("name the user"), "{sudo:?}: {refused}");
        }
    }

    #[test]
    fn a_user_named_goes_before_who_called_sudo() {
        for root in ["root", "0"] {
            let stays = chosen(ROOT, Some(root), [Some(UNKNOWN), Some("7")]).unwrap();
            assert_eq!(stays, Privileges::Root("as --user has it"));
        }
        let refused = chosen(ROOT, Some("nobody-of-that-name"), [None; 2]).unwrap_err();
        assert!(refused.to_string().starts_with("there is no user nobody-of-that-name"));
    }

    #[test]
    fn who_is_not_root_stays_what_it_is() {
        let own = Uid::from_raw(12_345);
        assert_eq!(chosen(own, None, [Some(UNKNOWN), Some("7")]).unwrap(), Privileges::Own);
        let refused = chosen(own, Some("root"), [None; 2]).unwrap_err().to_string();
        assert!(refused.starts_with("only root can become another user"), "{refused}");
    }
}
