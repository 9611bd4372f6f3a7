//! The object store behind `--store URL`: one folder or bucket prefix that holds `landing/` and `warehouse/`.

mod staged;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig};
use thiserror::Error;
use url::Url;
use uuid::Uuid;

pub use staged::Staged;

/// One request to the store, connection included. Files are at most some 100 MB.
const REQUEST_TIMEOUT: &str = "20 seconds";
const CONNECT_TIMEOUT: &str = "5 seconds";
/// The library tries a request again by itself until this is over, and so many times: long enough for a hiccup or a
/// "slow down", short enough that who asked (a partition that pauses, a round of compaction, a person) hears of an outage
/// and decides.
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);
const RETRIES_MAX: usize = 5;

/// Why a store cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("store {url:?} is no URL ({reason}); write file:///folder or s3://bucket/prefix")]
    NotAUrl { url: String, reason: String },
    #[error("store {url}: scheme {scheme:?} is not supported; write file:///folder or s3://bucket/prefix")]
    Scheme { url: Url, scheme: String },
    #[error("store {url}: the folder {} does not exist", .folder.display())]
    NoFolder { url: Url, folder: PathBuf },
    #[error("store {url}: the folder {} cannot be made: {source}", .folder.display())]
    FolderNotMade { url: Url, folder: PathBuf, source: std::io::Error },
    #[error("store {url}: {source}")]
    Unusable { url: Url, source: Box<object_store::Error> },
    #[error(
        "store {url}: it lets the same key be created twice: it does not honour create-only PUTs (If-None-Match: *), so \
         two writers could overwrite each other; use a store that does"
    )]
    NotCreateOnly { url: Url },
}

/// Which of the store's two folders hold an object. A folder or a prefix that nobody mounted, or a mistyped one, holds
/// neither, and looks like a store in which nothing ever happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    pub landing: bool,
    pub warehouse: bool,
}

impl Contents {
    pub fn is_nothing(self) -> bool {
        !self.landing && !self.warehouse
    }
}

/// An opened store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    url: Url,
    objects: Arc<dyn ObjectStore>,
    whole: Arc<dyn ObjectStore>,
}

impl Store {
    /// Opens `file:///folder` (which must exist) or `s3://bucket/prefix`, with the credentials, the region and the
    /// endpoint of the `AWS_…` variables. Asks the store nothing yet.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let url = parse(url)?;
        match url.scheme() {
            "file" => Self::open_folder(url),
            "s3" => Self::open_bucket(url),
            scheme => Err(StoreError::Scheme { scheme: scheme.to_owned(), url: url.clone() }),
        }
    }

    /// The same, for whoever writes first: a folder that is missing is made.
    pub fn open_or_make(url: &str) -> Result<Self, StoreError> {
        let parsed = parse(url)?;
        if parsed.scheme() == "file" {
            let folder = folder(&parsed)?;
            std::fs::create_dir_all(&folder).map_err(|source| StoreError::FolderNotMade {
                url: parsed,
                folder,
                source,
            })?;
        }
        Self::open(url)
    }

    /// Whether the address is of a kind that can be opened; looks at nothing else.
    pub fn is_address(url: &str) -> bool {
        parse(url).is_ok_and(|url| match url.scheme() {
            "file" => folder(&url).is_ok(),
            scheme => scheme == "s3" && url.host_str().is_some(),
        })
    }

    /// A prefix, the path of `url`, of a bucket that is open already (tests, embedding).
    pub fn new(url: Url, bucket: Arc<dyn ObjectStore>) -> Result<Self, StoreError> {
        let prefix = Path::from_url_path(url.path())
            .map_err(|error| StoreError::NotAUrl { url: url.to_string(), reason: error.to_string() })?;
        Ok(Self { url, objects: Arc::new(PrefixStore::new(bucket.clone(), prefix)), whole: bucket })
    }

    fn open_folder(url: Url) -> Result<Self, StoreError> {
        let folder = folder(&url)?;
        if !folder.is_dir() {
            return Err(StoreError::NoFolder { url, folder });
        }
        let objects = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|source| StoreError::Unusable { url: url.clone(), source: Box::new(source) })?;
        Ok(Self { url, objects: Arc::new(objects), whole: Arc::new(LocalFileSystem::new()) })
    }

    fn open_bucket(url: Url) -> Result<Self, StoreError> {
        let Some(bucket) = url.host_str() else {
            return Err(StoreError::NotAUrl { url: url.to_string(), reason: "it names no bucket".into() });
        };
        let retry =
            RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT, backoff: BackoffConfig::default() };
        let bucket = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            // One by one: options as a whole would replace what the environment says of proxies and plain HTTP.
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT)
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout), CONNECT_TIMEOUT)
            .with_retry(retry)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .build()
            .map_err(|source| StoreError::Unusable { url: url.clone(), source: Box::new(source) })?;
        Self::new(url, Arc::new(bucket))
    }

    /// The store's address, with a slash at its end.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Objects below the store's root, with keys as in the contracts: `landing/…`, `warehouse/…`.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// The whole bucket or file system, for who addresses objects by whole paths (Delta's kernel).
    pub fn whole(&self) -> &Arc<dyn ObjectStore> {
        &self.whole
    }

    /// What to tell somebody who finds nothing here.
    pub fn nothing_here(&self) -> String {
        let see = match self.url.to_file_path() {
            Ok(folder) => format!("ls {}", folder.display()),
            Err(()) => format!("aws s3 ls {}", self.url),
        };
        format!(
            "store {}: nothing lies in it, neither landing/ nor warehouse/; is the volume mounted and the address right? \
             see with: {see}",
            self.url
        )
    }

    /// Looks whether anything has ever been written here. Creates nothing.
    pub async fn contents(&self) -> Result<Contents, StoreError> {
        Ok(Contents { landing: self.holds("landing").await?, warehouse: self.holds("warehouse").await? })
    }

    async fn holds(&self, folder: &str) -> Result<bool, StoreError> {
        let first = self.objects.list(Some(&Path::from(folder))).try_next().await;
        first.map(|object| object.is_some()).map_err(|source| self.unusable(source))
    }

    /// Proves that the store can be reached and written, and refuses to create a key of `folder` twice: chain and tables
    /// rest on it.
    pub async fn prove_create_only(&self, folder: &str) -> Result<(), StoreError> {
        let key = Path::from(format!("{folder}/{}", Uuid::now_v7()));
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.objects.put_opts(&key, "first".into(), create()).await {
            // Nobody else knows the key: the answer was lost, and the library's second try met our own object.
            Ok(_) | Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {}
            Err(source) => return Err(self.unusable(source)),
        }
        let second = self.objects.put_opts(&key, "second".into(), create()).await;
        // What stays behind is one small object.
        let _ = self.objects.delete(&key).await;
        match second {
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(()),
            Err(source) => Err(self.unusable(source)),
            Ok(_) => Err(StoreError::NotCreateOnly { url: self.url.clone() }),
        }
    }

    fn unusable(&self, source: object_store::Error) -> StoreError {
        StoreError::Unusable { url: self.url.clone(), source: Box::new(source) }
    }
}

/// With a slash at its end, so that a path appended to it lies below it.
fn parse(url: &str) -> Result<Url, StoreError> {
    let mut parsed =
        Url::parse(url).map_err(|error| StoreError::NotAUrl { url: url.to_owned(), reason: error.to_string() })?;
    if !parsed.path().ends_with('/') {
        parsed.set_path(&format!("{}/", parsed.path()));
    }
    Ok(parsed)
}

fn folder(url: &Url) -> Result<PathBuf, StoreError> {
    url.to_file_path()
        .map_err(|()| StoreError::NotAUrl { url: url.to_string(), reason: "it names no folder of this machine".into() })
}

#[cfg(test)]
mod tests;
