//! What this address answers, as an OpenAPI document, made of the same tables that answer.

use serde_json::{Map, Value, json};

use super::media::{self, Media};
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_ROWS_MAX, BODY_BYTES_MAX, STREAMED_BYTES_MAX, STREAMED_ROWS_MAX};
use crate::reports::Reports;

/// The document (<https://spec.openapis.org/oas/v3.1.1.html>).
pub(super) fn document(reports: &Reports) -> Value {
    let mut paths = Map::new();
    let mut path =
        |path: &str, method: &str, operation: Value| paths.insert(path.to_owned(), json!({method: operation}));
    path("/api/v1/sql", "post", sql());
    path("/api/v1/reports", "get", plain("The reports, with their parameters"));
    for report in reports.listed()["reports"].as_array().into_iter().flatten() {
        path(&format!("/api/v1/reports/{}", text(report, "name")), "get", one(report));
    }
    path("/api/v1/openapi.json", "get", plain("This document"));
    path("/api/v1/about", "get", plain("What the studio's page tells of the system around it"));
    path("/health/live", "get", open("The process lives"));
    path("/health/ready", "get", open("The store can be read"));
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Customer Telemetry: warehouse",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "Reading only. One piece of JSON has {ANSWER_ROWS_MAX} rows and {ANSWER_BYTES_MAX} bytes (as Arrow) at most, and is \
                 refused beyond; every other format has {STREAMED_ROWS_MAX} rows and {STREAMED_BYTES_MAX} bytes at most. An answer that \
                 breaks off after it has begun is a transfer without its end; the last one of JSON lines is {{\"error\": …}} then."
            )
        },
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token of `warehouse token new`"}},
            "schemas": {"Error": {
                "type": "object", "required": ["code", "message"],
                "properties": {"code": {"type": "string"}, "message": {"type": "string"}}
            }}
        }
    })
}

fn sql() -> Value {
    let body = json!({"type": "object", "required": ["sql"], "properties": {"sql": {"type": "string"}}});
    json!({
        "summary": "Answer one reading statement",
        "parameters": [format()],
        "requestBody": {
            "required": true, "description": format!("At most {BODY_BYTES_MAX} bytes"),
            "content": {"application/json": {"schema": body}}
        },
        "responses": answers()
    })
}

/// A report.
fn one(report: &Value) -> Value {
    let parameters = report["parameters"].as_array().into_iter().flatten().map(|parameter| {
        let kind = match text(parameter, "type") {
            kind @ ("integer" | "number" | "boolean") => json!({"type": kind}),
            _ => json!({"type": "string"}),
        };
        let mut schema = kind;
        if let Some(choices) = parameter.get("choices") {
            schema["enum"] = choices.clone();
        }
        json!({
            "name": parameter["name"], "in": "query", "required": parameter["required"], "schema": schema,
            "description": told(parameter)
        })
    });
    let parameters: Vec<Value> = parameters.chain([format()]).collect();
    json!({"summary": report["meaning"], "parameters": parameters, "responses": answers()})
}

fn told(parameter: &Value) -> String {
    let default = parameter["default"].as_str().map(|default| format!("; default {default}")).unwrap_or_default();
    format!("{} ({}{default})", text(parameter, "meaning"), text(parameter, "allowed"))
}

fn format() -> Value {
    let names = media::ALL.each_ref().map(|media| media.name);
    json!({
        "name": "format", "in": "query", "schema": {"type": "string", "enum": names}, "description": "Goes before Accept"
    })
}

fn answers() -> Value {
    let types = media::ALL.iter().map(|Media { types, .. }| (types[0].to_owned(), json!({})));
    let mut answers = failures();
    answers["200"] = json!({"description": "The rows", "content": types.collect::<Map<_, _>>()});
    answers
}

fn plain(summary: &str) -> Value {
    let mut answers = failures();
    answers["200"] = json!({"description": summary, "content": {"application/json": {}}});
    json!({"summary": summary, "responses": answers})
}

/// Without a token.
fn open(summary: &str) -> Value {
    json!({"summary": summary, "security": [], "responses": {"200": {"description": summary, "content": {"application/json": {}}}}})
}

fn failures() -> Value {
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}});
    json!({
        "default": {
            "description": "Why there is none: 400 for what the asker can mend, 401 without a token, 404, 406 for another format, 408 \
                            when a body does not come, 413 when it is too long, 429 when too many ask at once, 503 while the program ends, 500",
            "content": content
        }
    })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_and_format_is_described() {
        let reports = Reports::default();
        let document = document(&reports);
        for report in reports.iter() {
            let described = &document["paths"][format!("/api/v1/reports/{}", report.name)]["get"];
            let names: Vec<&str> =
                described["parameters"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
            let own = report.parameters.iter().map(|parameter| parameter.name.as_str());
            assert_eq!(names, own.chain(["format"]).collect::<Vec<_>>(), "{}", report.name);
            assert_eq!(described["responses"]["200"]["content"].as_object().unwrap().len(), media::ALL.len());
        }
    }
}
