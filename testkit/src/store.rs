//! An object store that fails on command.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// An error, and nothing was done.
    Before,
    /// Done, and the answer is an error: a time-out, a reset.
    LostAnswer,
    /// Done, the answer was lost, and the library's own retry met our object.
    AlreadyThere,
    /// Never answers, and nothing was done.
    Hang,
    /// Never answers, and it was done.
    HangAfter,
}

/// Decides on the `n`th PUT (from 0) of a key, or on the `n`th change where deletions count too.
pub type Plan = Box<dyn FnMut(usize, &str) -> Fault + Send>;

/// What happens before a PUT of a key.
pub type Before = Box<dyn Fn(&str) -> BoxFuture<'static, ()> + Send + Sync>;

/// How a store that is late to tell of a key does not tell of it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlooked {
    /// A list leaves it out.
    ByList,
    /// A GET does not find it.
    ByGet,
    /// A list of folders leaves out the one that it stands in.
    ByFolder,
}

/// A store whose PUTs fail as planned.
pub struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    plan: Mutex<(usize, Plan)>,
    /// The next list is empty: a worker that read the chain before somebody else wrote into it.
    hide_list: AtomicBool,
    overlooked: Mutex<Option<(Path, Overlooked)>>,
    /// A create of a key that is there succeeds.
    careless: bool,
    /// Deletions are planned as well.
    deletions: bool,
    before: Option<Before>,
}

impl FaultyStore {
    pub fn new(inner: Arc<dyn ObjectStore>, plan: impl FnMut(usize, &str) -> Fault + Send + 'static) -> Arc<Self> {
        Arc::new(Self::planned(inner, plan))
    }

    /// The same for PUTs and deletions, in the order in which they come.
    pub fn of_changes(
        inner: Arc<dyn ObjectStore>,
        plan: impl FnMut(usize, &str) -> Fault + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { deletions: true, ..Self::planned(inner, plan) })
    }

    /// Lets something happen before each PUT, and fails as planned for PUTs and deletions.
    pub fn after(
        inner: Arc<dyn ObjectStore>,
        before: impl Fn(&str) -> BoxFuture<'static, ()> + Send + Sync + 'static,
        plan: impl FnMut(usize, &str) -> Fault + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { deletions: true, before: Some(Box::new(before)), ..Self::planned(inner, plan) })
    }

    /// Its first list is empty; nothing else fails.
    pub fn hiding_first_list(inner: Arc<dyn ObjectStore>) -> Arc<Self> {
        Arc::new(Self { hide_list: AtomicBool::new(true), ..Self::sound(inner) })
    }

    /// Does not tell of a key once; nothing else fails.
    pub fn overlooking(inner: Arc<dyn ObjectStore>, key: &str, by: Overlooked) -> Arc<Self> {
        Arc::new(Self { overlooked: Mutex::new(Some((Path::from(key), by))), ..Self::sound(inner) })
    }

    /// Overwrites where it was told to create.
    pub fn careless(inner: Arc<dyn ObjectStore>) -> Arc<Self> {
        Arc::new(Self { careless: true, ..Self::sound(inner) })
    }

    fn sound(inner: Arc<dyn ObjectStore>) -> Self {
        Self::planned(inner, |_, _| Fault::None)
    }

    fn planned(inner: Arc<dyn ObjectStore>, plan: impl FnMut(usize, &str) -> Fault + Send + 'static) -> Self {
        Self {
            inner,
            plan: Mutex::new((0, Box::new(plan))),
            hide_list: AtomicBool::new(false),
            overlooked: Mutex::new(None),
            careless: false,
            deletions: false,
            before: None,
        }
    }

    /// The key that is overlooked now, if such a request comes to it.
    fn overlook(&self, by: Overlooked, comes_to: impl Fn(&Path) -> bool) -> Option<Path> {
        let mut overlooked = self.overlooked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        overlooked.take_if(|(key, how)| *how == by && comes_to(key)).map(|(key, _)| key)
    }

    fn next(&self, path: &Path) -> Fault {
        let (count, plan) = &mut *self.plan.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *count += 1;
        plan(*count - 1, path.as_ref())
    }
}

fn broken() -> Error {
    Error::Generic { store: "faulty", source: "the test said so".into() }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("faulty")
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        if self.careless {
            options.mode = PutMode::Overwrite;
        }
        if let Some(before) = &self.before {
            before(location.as_ref()).await;
        }
        let fault = self.next(location);
        match fault {
            Fault::Before => return Err(broken()),
            Fault::Hang => return std::future::pending().await,
            _ => {}
        }
        let done = self.inner.put_opts(location, payload, options).await?;
        match fault {
            Fault::LostAnswer => Err(broken()),
            Fault::AlreadyThere => Err(Error::AlreadyExists { path: location.to_string(), source: "412".into() }),
            Fault::HangAfter => std::future::pending().await,
            _ => Ok(done),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if self.overlook(Overlooked::ByGet, |key| key == location).is_some() {
            return Err(Error::NotFound { path: location.to_string(), source: "404".into() });
        }
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        if !self.deletions {
            return self.inner.delete_stream(locations);
        }
        // Of one key each in these tests.
        let fault = self.next(&Path::from("(deletion)"));
        let deleted = self.inner.delete_stream(locations);
        match fault {
            Fault::None => deleted,
            Fault::Before => Box::pin(futures::stream::once(async { Err(broken()) })),
            Fault::Hang => Box::pin(futures::stream::pending()),
            _ => Box::pin(deleted.then(move |done| async move {
                match fault {
                    Fault::HangAfter => std::future::pending().await,
                    _ => done.and(Err(broken())),
                }
            })),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if self.hide_list.swap(false, Ordering::SeqCst) {
            return Box::pin(futures::stream::empty());
        }
        let listed = self.inner.list(prefix);
        match self.overlook(Overlooked::ByList, |key| prefix.is_none_or(|prefix| key.prefix_matches(prefix))) {
            Some(key) => Box::pin(listed.try_filter(move |object| std::future::ready(object.location != key))),
            None => listed,
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut listed = self.inner.list_with_delimiter(prefix).await?;
        let left_out = |key: &Path| listed.common_prefixes.iter().any(|folder| key.prefix_matches(folder));
        if let Some(key) = self.overlook(Overlooked::ByFolder, left_out) {
            listed.common_prefixes.retain(|folder| !key.prefix_matches(folder));
        }
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
