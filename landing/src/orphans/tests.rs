use std::sync::Arc;

use object_store::memory::InMemory;
use schemas::landing::{DataFile, Link, StateKind, data_key, state_key};
use uuid::Uuid;

use super::*;

#[tokio::test]
async fn only_what_no_link_names_and_is_old_goes() {
    let chain = Chain::new(Arc::new(InMemory::new()), "t", 1);
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
            ..testkit::link::link("t", 1, sequence as u64, start..=start + 9)
        };
        chain.commit(&link).await.unwrap();
    }
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
