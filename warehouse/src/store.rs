//! The store: one folder or bucket prefix that holds `landing/` and `warehouse/`.

use std::path::PathBuf;
use std::sync::Arc;

use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use futures::TryStreamExt;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use thiserror::Error;
use url::Url;
use uuid::Uuid;

/// Why a store cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("store {url:?} is no URL ({reason}); write file:///folder or s3://bucket/prefix")]
    NotAUrl { url: String, reason: String },
    #[error("store {url}: scheme {scheme:?} is not supported; write file:///folder or s3://bucket/prefix")]
    Scheme { url: Url, scheme: String },
    #[error("store {url}: the folder {} does not exist", .folder.display())]
    NoFolder { url: Url, folder: PathBuf },
    #[error("store {url}: {source}")]
    Unusable { url: Url, source: Box<object_store::Error> },
    #[error(
        "store {url}: it does not honour create-only PUTs, so commits could overwrite each other; use another store"
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
    /// Keys as in the contracts: `landing/…`, `warehouse/…`.
    objects: Arc<dyn ObjectStore>,
    /// The bucket or the file system: Delta's kernel addresses it by whole paths.
    root: Arc<dyn ObjectStore>,
}

impl Store {
    /// Opens `file:///folder` (which must exist) or `s3://bucket/prefix` (configured by `AWS_*`).
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let mut url =
            Url::parse(url).map_err(|error| StoreError::NotAUrl { url: url.to_owned(), reason: error.to_string() })?;
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        match url.scheme() {
            "file" => Self::open_folder(url),
            "s3" => Self::open_bucket(url),
            scheme => Err(StoreError::Scheme { scheme: scheme.to_owned(), url: url.clone() }),
        }
    }

    fn open_folder(url: Url) -> Result<Self, StoreError> {
        let folder = url
            .to_file_path()
            .map_err(|()| StoreError::NotAUrl { url: url.to_string(), reason: "it names no local folder".into() })?;
        if !folder.is_dir() {
            return Err(StoreError::NoFolder { url, folder });
        }
        let objects = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|source| StoreError::Unusable { url: url.clone(), source: Box::new(source) })?;
        Ok(Self { url, objects: Arc::new(objects), root: Arc::new(LocalFileSystem::new()) })
    }

    fn open_bucket(url: Url) -> Result<Self, StoreError> {
        let bucket = url.host_str().unwrap_or_default().to_owned();
        let root = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .build()
            .map_err(|source| StoreError::Unusable { url: url.clone(), source: Box::new(source) })?;
        let root: Arc<dyn ObjectStore> = Arc::new(root);
        let prefix = Path::from_url_path(url.path())
            .map_err(|error| StoreError::NotAUrl { url: url.to_string(), reason: error.to_string() })?;
        Ok(Self { url, objects: Arc::new(PrefixStore::new(root.clone(), prefix)), root })
    }

    /// The store's address, with a slash at its end.
    pub fn url(&self) -> &Url {
        &self.url
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

    /// Objects below the store's root.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// Delta's view of the table that lies at `warehouse/<name>`. Commits are create-only PUTs.
    pub fn delta_log(&self, name: &str) -> LogStoreRef {
        let key = format!("warehouse/{name}");
        let mut location = self.url.clone();
        location.set_path(&format!("{}{key}/", self.url.path()));
        let table = PrefixStore::new(self.objects.clone(), Path::from(key));
        default_logstore(Arc::new(table), self.root.clone(), &location, &StorageConfig::default())
    }

    /// Looks whether anything has ever been written here. Creates nothing.
    pub async fn contents(&self) -> Result<Contents, StoreError> {
        Ok(Contents { landing: self.holds("landing").await?, warehouse: self.holds("warehouse").await? })
    }

    async fn holds(&self, folder: &str) -> Result<bool, StoreError> {
        let first = self.objects.list(Some(&Path::from(folder))).try_next().await;
        first
            .map(|object| object.is_some())
            .map_err(|source| StoreError::Unusable { url: self.url.clone(), source: Box::new(source) })
    }

    /// Proves that the store is reachable, writable and honours create-only PUTs.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        let key = Path::from(format!("warehouse/_checks/{}", Uuid::now_v7()));
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let unusable = |source| StoreError::Unusable { url: self.url.clone(), source: Box::new(source) };
        self.objects.put_opts(&key, "first".into(), create()).await.map_err(unusable)?;
        let second = self.objects.put_opts(&key, "second".into(), create()).await;
        self.objects.delete(&key).await.map_err(unusable)?;
        match second {
            Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(source) => Err(unusable(source)),
            Ok(_) => Err(StoreError::NotCreateOnly { url: self.url.clone() }),
        }
    }
}
