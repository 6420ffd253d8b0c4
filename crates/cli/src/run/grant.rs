//! What a user lets a guest have: directories and environment variables, as written on the command line.
//!
//! Apart from the WASI context that it fills, so that the notation can be checked without one.

use std::path::PathBuf;

/// A directory: `HOST`, `HOST::GUEST`, either with `:ro` after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dir {
    /// Where it is.
    pub host: PathBuf,
    /// Under which path the guest sees it.
    pub guest: String,
    /// The guest may look but not change.
    pub read_only: bool,
}

impl std::str::FromStr for Dir {
    type Err = String;

    fn from_str(text: &str) -> Result<Dir, String> {
        let (paths, read_only) = match text.strip_suffix(":ro") {
            // `a::ro` grants `a` under the name `ro`.
            Some(paths) if !paths.ends_with(':') => (paths, true),
            _ => (text, false),
        };
        let (host, guest) = paths.split_once("::").unwrap_or((paths, paths));
        if host.is_empty() || guest.is_empty() {
            return Err("expected HOST, or HOST::GUEST, each not empty".to_owned());
        }
        Ok(Dir {
            host: PathBuf::from(host),
            guest: guest.to_owned(),
            read_only,
        })
    }
}

/// A variable: `NAME=VALUE`, or `NAME` with the value it has for us.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Env {
    /// Its name.
    pub name: String,
    /// Its value; none if we have no such variable either, so that there is nothing to hand on.
    pub value: Option<String>,
}

impl std::str::FromStr for Env {
    type Err = String;

    fn from_str(text: &str) -> Result<Env, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, inherited(text)?),
        };
        if name.is_empty() {
            return Err("expected NAME=VALUE, or NAME to hand on ours".to_owned());
        }
        Ok(Env {
            name: name.to_owned(),
            value,
        })
    }
}

/// The value a variable has for us.
fn inherited(name: &str) -> Result<Option<String>, String> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("our value of {name} is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Dir, Env};

    fn check_dir(text: &str, host: &str, guest: &str, read_only: bool) {
        let expected = Dir {
            host: host.into(),
            guest: guest.to_owned(),
            read_only,
        };
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }

    #[test]
    fn dirs() {
        check_dir(".", ".", ".", false);
        check_dir("/data::/", "/data", "/", false);
        check_dir("/data:ro", "/data", "/data", true);
        check_dir("a b::c:ro", "a b", "c", true);
        check_dir("a::ro", "a", "ro", false);
        check_dir("a::b::c", "a", "b::c", false);
        for text in ["", "::", "a::", "::b", ":ro"] {
            assert!(text.parse::<Dir>().is_err(), "{text}");
        }
    }

    #[test]
    fn variables() {
        let env = |text: &str| text.parse::<Env>();
        assert_eq!(env("A=b=c").unwrap().value.as_deref(), Some("b=c"));
        assert_eq!(env("A=").unwrap().value.as_deref(), Some(""));
        assert_eq!(env("WHARF_SURELY_NOT_SET").unwrap().value, None);
        assert!(
            env("CARGO_PKG_NAME").unwrap().value.is_some(),
            "cargo sets it for tests"
        );
        assert!(env("").is_err() && env("=x").is_err());
    }
}
