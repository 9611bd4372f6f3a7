//! What is to be imported, and whether it can be.

use std::path::PathBuf;

use anyhow::{Context, ensure};

use super::Provider;
use super::ga4::Named;
use crate::limits::{IMPORT_FILES_MAX, SITE_ID_BYTES_MAX};

/// Files of one provider, about one site.
#[derive(Debug)]
pub struct Order {
    pub provider: Provider,
    pub files: Vec<PathBuf>,
    /// The site of ours that the export is about.
    pub site_id: String,
    /// The files are intraday exports, whatever their names say.
    pub intraday: bool,
}

impl Order {
    /// Bytes of all files, if they can be imported together.
    pub(super) fn check(&self) -> anyhow::Result<u64> {
        ensure!(!self.files.is_empty(), "no file is given");
        ensure!(
            self.files.len() <= IMPORT_FILES_MAX,
            "{} files are more than {IMPORT_FILES_MAX}; import them day by day",
            self.files.len()
        );
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        ensure!(
            !self.site_id.is_empty() && self.site_id.len() <= SITE_ID_BYTES_MAX && self.site_id.bytes().all(allowed),
            "site {:?}: it is 1 to {SITE_ID_BYTES_MAX} letters, digits, dots, dashes and underscores, as the collector knows it",
            self.site_id
        );
        if self.provider == Provider::Ga4 {
            let mut early = self.files.iter().map(|path| Named::of(path, self.intraday).intraday);
            let first = early.next();
            ensure!(
                early.all(|early| Some(early) == first),
                "daily and intraday files do not go together: import the intraday ones first, by themselves"
            );
        }
        let mut bytes = 0;
        for path in &self.files {
            let found = std::fs::metadata(path).with_context(|| format!("cannot open {}", path.display()))?;
            ensure!(found.is_file(), "{} is no file; give the files that are in it", path.display());
            bytes += found.len();
        }
        Ok(bytes)
    }

    pub(super) fn is_intraday(&self) -> bool {
        self.provider == Provider::Ga4 && self.files.iter().all(|path| Named::of(path, self.intraday).intraday)
    }
}
