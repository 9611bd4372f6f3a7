//! The object store behind `--store URL`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use url::Url;

/// One request to the store, connection included. Data files are at most some 100 MB.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the library tries again by itself; afterwards the partition pauses and tries from outside, so that group
/// membership and shutdown are served in between.
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);
const RETRIES_MAX: usize = 3;

/// A store and the folder within it under which `landing/` lies.
#[derive(Clone, Debug)]
pub struct Store {
    pub objects: Arc<dyn ObjectStore>,
    pub root: Path,
}

impl Store {
    /// `file:///folder` (made when missing) or `s3://bucket/prefix` with the credentials, the region and the endpoint
    /// of the `AWS_…` environment variables.
    pub fn open(url: &str) -> Result<Self> {
        let parsed = Url::parse(url)
            .with_context(|| format!("store {url:?} is no URL; write file:///folder or s3://bucket/prefix"))?;
        match parsed.scheme() {
            "file" => Self::open_folder(&parsed),
            "s3" => Self::open_bucket(&parsed),
            other => {
                bail!("store {url:?} has the scheme {other}; only file:///folder and s3://bucket/prefix are known")
            }
        }
    }

    fn open_folder(url: &Url) -> Result<Self> {
        let Ok(folder) = url.to_file_path() else {
            bail!("store {url} is no folder of this machine; write file:///folder")
        };
        let folder: PathBuf = folder;
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("store folder {} cannot be made", folder.display()))?;
        let objects = LocalFileSystem::new_with_prefix(&folder)
            .with_context(|| format!("store folder {} cannot be used", folder.display()))?;
        Ok(Self { objects: Arc::new(objects), root: Path::default() })
    }

    fn open_bucket(url: &Url) -> Result<Self> {
        let bucket =
            url.host_str().with_context(|| format!("store {url} names no bucket; write s3://bucket/prefix"))?;
        let client = ClientOptions::new().with_timeout(REQUEST_TIMEOUT).with_connect_timeout(CONNECT_TIMEOUT);
        let retry =
            RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT, backoff: BackoffConfig::default() };
        // `from_env` reads AWS_ALLOW_HTTP into client options, which `with_client_options` would replace.
        let allow_http =
            std::env::var("AWS_ALLOW_HTTP").is_ok_and(|value| value.eq_ignore_ascii_case("true") || value == "1");
        let objects = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_client_options(client.with_allow_http(allow_http))
            .with_retry(retry)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .build()
            .with_context(|| format!("store {url} cannot be used: look at the AWS_… variables"))?;
        let root = Path::from_url_path(url.path()).with_context(|| format!("store {url} has no usable prefix"))?;
        Ok(Self { objects: Arc::new(objects), root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_and_wrong_urls_say_what_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("lake/house");
        Store::open(&format!("file://{}", inner.display())).unwrap();
        assert!(inner.is_dir());
        for wrong in ["", "lake", "gs://bucket", "file://host/x"] {
            let error = format!("{:#}", Store::open(wrong).unwrap_err());
            assert!(error.contains("file:///folder"), "{wrong}: {error}");
        }
    }
}
