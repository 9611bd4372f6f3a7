//! An in-process schema registry: the Confluent endpoints that the code uses, kept in one JSON file.
//!
//! | call | answer |
//! |---|---|
//! | `POST /subjects/S/versions` | `{"id"}`; 409 when it is not BACKWARD compatible with the latest version |
//! | `POST /subjects/S` | the registered version of that schema, or 404 |
//! | `GET /subjects`, `GET /subjects/S/versions`, `GET /subjects/S/versions/latest` | |
//! | `GET /schemas/ids/N` | `{"schema"}` |

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use apache_avro::Schema;
use apache_avro::schema_compatibility::SchemaCompatibility;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use warp::http::StatusCode;
use warp::{Filter, Reply};

const FILE: &str = "registry.json";
/// Schemas are a few kB; this bounds what a client may send.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// Schemas by id, and per subject the ids of its versions, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents {
    schemas: BTreeMap<u32, String>,
    subjects: BTreeMap<String, Vec<u32>>,
}

/// The registry's contents with the file that keeps them.
pub struct Registry {
    path: PathBuf,
    contents: Mutex<Contents>,
}

/// What a registry refuses, with Confluent's error code.
struct Refused(StatusCode, u32, String);

#[derive(Deserialize)]
struct Submitted {
    schema: String,
    #[serde(default, rename = "schemaType")]
    schema_type: Option<String>,
}

impl Registry {
    /// Reads `registry.json` in the folder; an absent file is an empty registry.
    pub fn open(folder: &Path) -> Result<Arc<Self>> {
        let path = folder.join(FILE);
        let contents = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("{} is no registry file: move it away to begin anew", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Contents::default(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Arc::new(Self { path, contents: Mutex::new(contents) }))
    }

    /// The HTTP endpoints.
    pub fn routes(self: Arc<Self>) -> impl Filter<Extract = (impl Reply,), Error = warp::Rejection> + Clone {
        let registry = warp::any().map(move || Arc::clone(&self));
        // clients send application/vnd.schemaregistry.v1+json, which warp's own `json` refuses
        let body = warp::body::content_length_limit(BODY_BYTES_MAX).and(warp::body::bytes()).map(submitted);
        let register =
            warp::post().and(warp::path!("subjects" / String / "versions")).and(body).and(registry.clone()).map(
                |subject: String, submitted: Result<_, _>, registry: Arc<Self>| {
                    answer(submitted.and_then(|submitted| registry.register(&subject, &submitted)))
                },
            );
        let look_up = warp::post().and(warp::path!("subjects" / String)).and(body).and(registry.clone()).map(
            |subject: String, submitted: Result<_, _>, registry: Arc<Self>| {
                answer(submitted.and_then(|submitted| registry.look_up(&subject, &submitted)))
            },
        );
        let latest = warp::get()
            .and(warp::path!("subjects" / String / "versions" / "latest"))
            .and(registry.clone())
            .map(|subject: String, registry: Arc<Self>| answer(registry.latest(&subject)));
        let versions = warp::get()
            .and(warp::path!("subjects" / String / "versions"))
            .and(registry.clone())
            .map(|subject: String, registry: Arc<Self>| answer(registry.versions(&subject)));
        let subjects = warp::get().and(warp::path!("subjects")).and(registry.clone()).map(|registry: Arc<Self>| {
            answer(registry.read(|contents| Ok(json!(contents.subjects.keys().collect::<Vec<_>>()))))
        });
        let by_id = warp::get()
            .and(warp::path!("schemas" / "ids" / u32))
            .and(registry)
            .map(|id, registry: Arc<Self>| answer(registry.by_id(id)));
        register.or(look_up).unify().or(latest).unify().or(versions).unify().or(subjects).unify().or(by_id).unify()
    }

    fn register(&self, subject: &str, submitted: &Submitted) -> Result<Value, Refused> {
        let schema = parse(submitted)?;
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, id)) = contents.find(subject, &schema) {
            return Ok(json!({ "id": id }));
        }
        if let Some(latest) =
            contents.subjects.get(subject).and_then(|ids| ids.last()).and_then(|id| contents.schemas.get(id))
        {
            let writer = Schema::parse_str(latest).map_err(|error| Refused::internal(&error))?;
            SchemaCompatibility::can_read(&writer, &schema).map_err(|error| {
                Refused(
                    StatusCode::CONFLICT,
                    409,
                    format!("{subject}: not BACKWARD compatible with its latest version: {error}"),
                )
            })?;
        }
        let known = contents.schemas.iter().find(|(_, text)| same(text, &schema)).map(|(id, _)| *id);
        let id = known.unwrap_or_else(|| contents.schemas.keys().last().map_or(1, |last| last + 1));
        contents.schemas.entry(id).or_insert_with(|| submitted.schema.clone());
        contents.subjects.entry(subject.to_owned()).or_default().push(id);
        contents.save(&self.path).map_err(|error| Refused::internal(&format!("{error:#}")))?;
        Ok(json!({ "id": id }))
    }

    fn look_up(&self, subject: &str, submitted: &Submitted) -> Result<Value, Refused> {
        let schema = parse(submitted)?;
        self.read(|contents| {
            let (version, id) = contents.find(subject, &schema).ok_or_else(|| {
                Refused(StatusCode::NOT_FOUND, 40403, format!("{subject}: that schema is not registered"))
            })?;
            Ok(json!({ "subject": subject, "version": version, "id": id, "schema": contents.schemas[&id] }))
        })
    }

    fn latest(&self, subject: &str) -> Result<Value, Refused> {
        self.read(|contents| {
            let ids = contents.subjects.get(subject).ok_or_else(|| unknown_subject(subject))?;
            let id = ids.last().ok_or_else(|| unknown_subject(subject))?;
            Ok(json!({ "subject": subject, "version": ids.len(), "id": id, "schema": contents.schemas[id] }))
        })
    }

    fn versions(&self, subject: &str) -> Result<Value, Refused> {
        self.read(|contents| {
            let ids = contents.subjects.get(subject).ok_or_else(|| unknown_subject(subject))?;
            Ok(json!((1..=ids.len()).collect::<Vec<_>>()))
        })
    }

    fn by_id(&self, id: u32) -> Result<Value, Refused> {
        self.read(|contents| match contents.schemas.get(&id) {
            Some(schema) => Ok(json!({ "schema": schema })),
            None => Err(Refused(StatusCode::NOT_FOUND, 40403, format!("no schema has the id {id}"))),
        })
    }

    fn read<T>(&self, look: impl FnOnce(&Contents) -> Result<T, Refused>) -> Result<T, Refused> {
        look(&self.contents.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Contents {
    /// Version (from 1) and id of a schema under a subject.
    fn find(&self, subject: &str, schema: &Schema) -> Option<(usize, u32)> {
        let ids = self.subjects.get(subject)?;
        let at = ids.iter().position(|id| self.schemas.get(id).is_some_and(|text| same(text, schema)))?;
        Some((at + 1, ids[at]))
    }

    /// Writes the file whole or not at all: ids that records carry must never be forgotten.
    fn save(&self, path: &Path) -> Result<()> {
        let folder = path.parent().context("the registry file has no folder")?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.as_file().sync_all()?;
        file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}

impl Refused {
    fn internal(error: &impl std::fmt::Display) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, 50001, error.to_string())
    }
}

fn unknown_subject(subject: &str) -> Refused {
    Refused(StatusCode::NOT_FOUND, 40401, format!("the subject {subject} is unknown"))
}

fn submitted(body: warp::hyper::body::Bytes) -> Result<Submitted, Refused> {
    let invalid = |error| Refused(StatusCode::UNPROCESSABLE_ENTITY, 42201, format!("no schema in the body: {error}"));
    serde_json::from_slice(&body).map_err(invalid)
}

fn parse(submitted: &Submitted) -> Result<Schema, Refused> {
    let invalid = |message: String| Refused(StatusCode::UNPROCESSABLE_ENTITY, 42201, message);
    match submitted.schema_type.as_deref() {
        None | Some("AVRO") => {}
        Some(other) => return Err(invalid(format!("the schema type {other} is not supported: send AVRO"))),
    }
    Schema::parse_str(&submitted.schema).map_err(|error| invalid(format!("invalid Avro schema: {error}")))
}

fn same(text: &str, schema: &Schema) -> bool {
    // Schema's own equality leaves documentation out
    Schema::parse_str(text).is_ok_and(|known| known == *schema)
}

fn answer(result: Result<Value, Refused>) -> warp::reply::WithStatus<warp::reply::Json> {
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err(Refused(status, code, message)) => (status, json!({ "error_code": code, "message": message })),
    };
    warp::reply::with_status(warp::reply::json(&body), status)
}

#[cfg(test)]
mod tests;
