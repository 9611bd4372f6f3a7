//! What a PUT to a folder leaves that was cut off. The library writes to `<key>#<number>` first and then gives the file its name;
//! no list of its shows such names, and nothing is ever read from them.

use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};

use super::Store;

/// A file that has not got its name yet: somebody is writing it, or was killed.
#[derive(Clone, Debug)]
pub struct Staged {
    pub path: PathBuf,
    pub bytes: u64,
    /// When it was last written to.
    pub since: DateTime<Utc>,
}

impl Store {
    /// Such files below `landing/` and `warehouse/`. None in a bucket, where an object comes whole or not at all.
    pub async fn staged(&self) -> anyhow::Result<Vec<Staged>> {
        let Some(root) = self.url.to_file_path().ok().filter(|_| self.url.scheme() == "file") else {
            return Ok(Vec::new());
        };
        let walk = move || {
            let mut found = Vec::new();
            for folder in ["landing", "warehouse"].map(|folder| root.join(folder)) {
                gather(&folder, &mut found).with_context(|| format!("cannot look through {}", folder.display()))?;
            }
            Ok(found)
        };
        tokio::task::spawn_blocking(walk).await.context("looking through the store's folder")?
    }
}

impl Staged {
    /// Removes it; gives whether it was there.
    pub async fn remove(&self) -> anyhow::Result<bool> {
        let removed = there(tokio::fs::remove_file(&self.path).await);
        Ok(removed.with_context(|| format!("cannot remove {}", self.path.display()))?.is_some())
    }
}

fn gather(root: &Path, found: &mut Vec<Staged>) -> io::Result<()> {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in there(fs::read_dir(folder))?.into_iter().flatten() {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && is_staged(&entry) {
                found.extend(there(entry.metadata())?.map(|file| staged(&entry, &file)).transpose()?);
            }
        }
    }
    Ok(())
}

fn staged(entry: &DirEntry, file: &fs::Metadata) -> io::Result<Staged> {
    Ok(Staged { path: entry.path(), bytes: file.len(), since: file.modified()?.into() })
}

/// By its name, as the library tells it.
fn is_staged(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let number = name.to_str().and_then(|name| name.split_once('#')).map_or("", |(_, number)| number);
    !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// What others remove meanwhile is not there.
fn there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
