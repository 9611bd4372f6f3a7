use serde_json::{Value, json};

use super::*;

const FIRST: &str = r#"{"type":"record","name":"X","fields":[{"name":"id","type":"long"}]}"#;
const WIDER: &str =
    r#"{"type":"record","name":"X","fields":[{"name":"id","type":"long"},{"name":"n","type":"int","default":0}]}"#;
const BROKEN: &str =
    r#"{"type":"record","name":"X","fields":[{"name":"id","type":"string"},{"name":"must","type":"int"}]}"#;

async fn call(registry: &Arc<Registry>, method: &str, path: &str, schema: Option<&str>) -> (u16, Value) {
    let mut request = warp::test::request().method(method).path(path);
    if let Some(schema) = schema {
        let body = json!({ "schema": schema }).to_string();
        request = request.header("content-type", "application/vnd.schemaregistry.v1+json").body(body);
    }
    let reply = request.reply(&Arc::clone(registry).routes()).await;
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_same_schema_keeps_its_id_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path()).unwrap();
    let (status, first) = call(&registry, "POST", "/subjects/x-value/versions", Some(FIRST)).await;
    assert_eq!((status, &first), (200, &json!({ "id": 1 })));
    assert_eq!(call(&registry, "POST", "/subjects/x-value/versions", Some(WIDER)).await.1, json!({ "id": 2 }));

    let again = Registry::open(folder.path()).unwrap();
    assert_eq!(call(&again, "POST", "/subjects/x-value/versions", Some(FIRST)).await.1, json!({ "id": 1 }));
    assert_eq!(call(&again, "GET", "/schemas/ids/2", None).await.1, json!({ "schema": WIDER }));
    assert_eq!(call(&again, "GET", "/subjects/x-value/versions", None).await.1, json!([1, 2]));
    assert_eq!(call(&again, "GET", "/subjects/x-value/versions/latest", None).await.1["version"], 2);
    assert_eq!(call(&again, "POST", "/subjects/x-value", Some(WIDER)).await.1["id"], 2);
}

#[tokio::test]
async fn refuses_what_confluent_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path()).unwrap();
    call(&registry, "POST", "/subjects/x-value/versions", Some(FIRST)).await;
    let (status, body) = call(&registry, "POST", "/subjects/x-value/versions", Some(BROKEN)).await;
    assert_eq!((status, &body["error_code"]), (409, &json!(409)), "{body}");
    assert_eq!(call(&registry, "POST", "/subjects/x-value/versions", Some("{not avro")).await.0, 422);
    assert_eq!(call(&registry, "GET", "/schemas/ids/99", None).await.1["error_code"], 40403);
    assert_eq!(call(&registry, "GET", "/subjects/none/versions/latest", None).await.1["error_code"], 40401);
    assert_eq!(call(&registry, "GET", "/subjects", None).await.1, json!(["x-value"]));
}
