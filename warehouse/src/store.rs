//! Delta's view of the store.

use std::sync::Arc;

use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use landing::Store;
use object_store::path::Path;
use object_store::prefix::PrefixStore;

/// The log of the table that lies at `warehouse/<name>`. Commits are create-only PUTs.
pub(crate) fn delta_log(store: &Store, name: &str) -> LogStoreRef {
    let key = format!("warehouse/{name}");
    let mut location = store.url().clone();
    location.set_path(&format!("{}{key}/", store.url().path()));
    let table = PrefixStore::new(store.objects().clone(), Path::from(key));
    default_logstore(Arc::new(table), store.whole().clone(), &location, &StorageConfig::default())
}
