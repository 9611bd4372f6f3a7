use std::sync::Arc;

use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use schemas::landing::{DataFile, Link, StateKind, data_key, link_key, state_key};
use testkit::store::{FaultyStore, Overlooked};
use uuid::Uuid;

use super::*;

/// Two links with a file each, and a file and a state that no link names.
async fn landed() -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    let chain = Chain::new(store.clone(), "t", 1);
    let writer = Uuid::now_v7();
    let today = Utc::now().format("%Y-%m-%d").to_string();
    let files = [0, 1, 2].map(|_| data_key("t", 1, &today, Uuid::now_v7()));
    let states = [9, 19, 29].map(|end| state_key("t", 1, end, writer, StateKind::Snapshot));
    for key in files.iter().chain(&states) {
        chain.upload(key, "x".into()).await.unwrap();
    }
    for (sequence, (file, state)) in files[..2].iter().zip(&states).enumerate() {
        let start = sequence as i64 * 10;
        let named = DataFile {
            path: file.clone(),
            rows: 1,
            bytes: 1,
            checksum: String::new(),
            occurred_min: 0,
            occurred_max: 0,
        };
        let link = Link {
            files: vec![named],
            state: vec![state.clone()],
            writer,
            written_at: Utc::now().timestamp_micros(),
            ..testkit::link::link("t", 1, sequence as u64, start..=start + 9)
        };
        chain.commit(&link).await.unwrap();
    }
    store
}

#[tokio::test]
async fn only_what_no_link_names_and_is_old_goes() {
    let chain = Chain::new(landed().await, "t", 1);
    let hour = Duration::from_secs(3600);
    assert_eq!(remove(&chain, hour, Utc::now()).await.unwrap(), 0, "all are young");
    let later = Utc::now() + Duration::from_secs(7200);
    assert_eq!(remove(&chain, hour, later).await.unwrap(), 3, "one file, the replaced state and the unnamed one");
    let left = |prefix: String| {
        let chain = &chain;
        async move { chain.list(&prefix).await.unwrap().len() }
    };
    assert_eq!(left(data_prefix("t")).await, 2);
    assert_eq!(left(state_prefix("t", 1)).await, 1);
    assert_eq!(remove(&chain, hour, later).await.unwrap(), 0);
}

/// A list that leaves out a link made its file, and the state that it names, look like what nobody needs.
#[tokio::test]
async fn nothing_of_a_link_that_was_overlooked_goes() {
    let later = Utc::now() + Duration::from_secs(7200);
    for by in [Overlooked::ByList, Overlooked::ByGet] {
        for start in [0, 10] {
            let store = landed().await;
            let overlooking = FaultyStore::overlooking(store.clone(), &link_key("t", 1, start), by);
            let chain = Chain::new(overlooking, "t", 1);
            // What it is that is overlooked once decides whether it is refused.
            drop(remove(&chain, Duration::from_secs(3600), later).await);
            for link in [0, 10] {
                let link = chain.read_link(link).await.unwrap().unwrap();
                for key in
                    link.files.iter().map(|file| &file.path).chain(link.state.iter().filter(|_| link.start == 10))
                {
                    assert!(store.head(&Path::from(key.as_str())).await.is_ok(), "{by:?}, {start}: {key} is gone");
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_of_a_chain_with_a_hole_goes() {
    let store = landed().await;
    store.delete(&Path::from(link_key("t", 1, 0))).await.unwrap();
    let chain = Chain::new(store, "t", 1);
    let refused = remove(&chain, Duration::from_secs(3600), Utc::now() + Duration::from_secs(7200)).await;
    assert!(matches!(refused, Err(LoadError::Missing(_))), "{refused:?}");
    assert_eq!(chain.list(&data_prefix("t")).await.unwrap().len(), 3);
}
