//! The access file: TOML with one `[[token]]` for each.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tempfile::NamedTempFile;

use super::{Right, Role, Verifier};
use crate::limits::ACCESS_FILE_BYTES_MAX;
use crate::query::Scope;

/// Stands at the top of the file.
const NOTE: &str = "# Who may ask this warehouse. Made by `warehouse token`, which keeps no token, only hashes of it; `warehouse serve\n\
                    # --access` reads it again when it changes.\n\n";
/// Hexadecimal digits of SHA-256.
const HASH_DIGITS: usize = 64;
const NAME_BYTES_MAX: usize = 64;

/// One token, as the file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub name: String,
    pub role: Role,
    /// The sites that a reader sees. An admin sees all of them and names none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sites: BTreeSet<String>,
    /// A reader of every site.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_sites: bool,
    pub sha256: String,
    /// By which a client proves to know it without sending it; none for one that was made before there was this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scram: Option<String>,
    /// RFC 3339.
    pub made_at: String,
}

impl Entry {
    /// # Errors
    /// What is wrong with it, for the one who wrote it.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter);
        let name = &self.name;
        ensure!(
            (1..=NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('-'),
            "{name:?} is no name of a token: 1 to {NAME_BYTES_MAX} of a–z, 0–9, - _ . and no - at its beginning"
        );
        match (self.role, self.sites.is_empty(), self.all_sites) {
            (Role::Reader, true, false) => {
                bail!("token {name}: a reader needs the sites that it may see, or all_sites")
            }
            (Role::Reader, false, true) => bail!("token {name}: sites and all_sites contradict each other"),
            (Role::Admin, false, _) => bail!("token {name}: an admin sees every site; leave the sites out"),
            _ => {}
        }
        let is_hash = self.sha256.len() == HASH_DIGITS && self.sha256.chars().all(|digit| digit.is_ascii_hexdigit());
        ensure!(is_hash, "token {name}: sha256 is not {HASH_DIGITS} hexadecimal digits");
        if let Some(scram) = &self.scram {
            scram.parse::<Verifier>().with_context(|| format!("token {name}"))?;
        }
        Ok(())
    }

    fn right(&self) -> Right {
        let all = self.all_sites || self.role == Role::Admin;
        let scope = if all { Scope::All } else { Scope::Sites(self.sites.clone()) };
        Right { name: self.name.clone(), role: self.role, scope }
    }
}

/// All entries.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entries {
    #[serde(default, rename = "token")]
    pub tokens: Vec<Entry>,
}

impl Entries {
    /// What the file says.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> anyhow::Result<Self> {
            let mut text = String::new();
            File::open(path)?.take(ACCESS_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
            ensure!(text.len() as u64 <= ACCESS_FILE_BYTES_MAX, "it is larger than {ACCESS_FILE_BYTES_MAX} bytes");
            let entries: Self = toml::from_str(&text)?;
            let mut names = BTreeSet::new();
            for entry in &entries.tokens {
                entry.check()?;
                ensure!(names.insert(&entry.name), "two tokens are called {}", entry.name);
            }
            Ok(entries)
        };
        read().with_context(|| format!("the access file {}", path.display()))
    }

    /// Replaces the file as a whole; its permissions stay, and a new one is its owner's only.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let write = || -> anyhow::Result<()> {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mode = fs::metadata(path).map_or(0o600, |known| known.permissions().mode());
            let mut made = NamedTempFile::new_in(folder)?;
            made.write_all(format!("{NOTE}{}", toml::to_string(self)?).as_bytes())?;
            made.as_file().set_permissions(Permissions::from_mode(mode))?;
            made.as_file().sync_all()?;
            made.persist(path)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write the access file {}", path.display()))
    }
}

/// The file as a server knows it.
#[derive(Debug)]
pub(super) struct AccessFile {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    state: Option<State>,
    entries: Entries,
}

/// By which a changed file is told from the one that was read: another inode, length or time of change.
type State = (u64, u64, i64, i64);

impl AccessFile {
    pub(super) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let known = Known { state: state(&path), entries: Entries::read(&path)? };
        Ok(Self { path, known: Mutex::new(known) })
    }

    /// What one may see who gives this token.
    pub(super) fn right(&self, given: &str) -> Option<Right> {
        let hash = super::secret::hash(given);
        self.found(|entry| entry.sha256.as_bytes().ct_eq(hash.as_bytes()).into()).map(|entry| entry.right())
    }

    /// The hash of the token of a name, and what it may see.
    pub(super) fn signer(&self, name: &str) -> Option<(Vec<u8>, Right)> {
        let entry = self.found(|entry| entry.name == name)?;
        let right = entry.right();
        Some((entry.sha256.into_bytes(), right))
    }

    /// Of the token of a name, if it has one.
    pub(super) fn verifier(&self, name: &str) -> Option<(Verifier, Right)> {
        let entry = self.found(|entry| entry.name == name)?;
        Some((entry.scram.as_ref()?.parse().ok()?, entry.right()))
    }

    /// An entry, as the file is now. While it cannot be read, there is none.
    fn found(&self, is_it: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let state = state(&self.path);
        if state.is_none() || state != known.state {
            known.entries = Entries::read(&self.path).unwrap_or_else(|error| {
                tracing::error!("nobody is let in: {error:#}");
                Entries::default()
            });
            known.state = state;
        }
        known.entries.tokens.iter().find(|entry| is_it(entry)).cloned()
    }
}

fn state(path: &Path) -> Option<State> {
    let known = fs::metadata(path).ok()?;
    Some((known.ino(), known.len(), known.mtime(), known.mtime_nsec()))
}
