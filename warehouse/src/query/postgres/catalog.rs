//! The tables of `pg_catalog`. [`COLUMNS`] says of each which columns it has; a few have rows, all others are empty.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int16Array, Int32Array, Int64Array, StringArray, new_null_array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, MemorySchemaProvider, SchemaProvider};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::settings::{DATABASE, SETTINGS, USER};
use crate::format::postgres::Kind;
use crate::query::{Failure, register_view, statement_of};
use crate::{tables, views};

/// A line for each table: its name, then `column:type`. Types: n, i, s whole numbers of 64, 32, 16 bits; b truth; f double;
/// t text; z timestamp with time zone; T list of texts; N list of whole numbers.
const COLUMNS: &str = include_str!("columns.txt");

/// The first object identifier that is not PostgreSQL's own.
const FIRST_OID: i64 = 16_384;
/// Those of the schemas.
const SCHEMAS: [(&str, i64); 3] = [("pg_catalog", 11), ("public", 2_200), ("information_schema", 13_000)];
const PUBLIC_OID: i64 = 2_200;
/// Of [`USER`].
const USER_OID: i64 = 10;
/// Of the access method `heap`.
const HEAP_OID: i64 = 2;

/// A table of the catalog.
struct Known {
    name: &'static str,
    columns: Vec<(&'static str, char)>,
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let lines = COLUMNS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let known = lines.filter_map(|line| {
        let (name, columns) = line.split_once(' ')?;
        let columns = columns.split(' ').filter_map(|column| column.split_once(':'));
        Some(Known { name, columns: columns.map(|(name, kind)| (name, kind.chars().next().unwrap_or('t'))).collect() })
    });
    known.collect()
});

/// Columns of a table of the catalog.
pub(super) fn columns_of(table: &str) -> Option<Vec<&'static str>> {
    let known = KNOWN.iter().find(|known| known.name == table)?;
    Some(known.columns.iter().map(|(name, _)| *name).collect())
}

/// Whether a table is one of the catalog's that are empty here.
pub(super) fn is_empty(table: &str) -> bool {
    KNOWN.iter().any(|known| known.name == table) && !FILLED.iter().any(|(name, _)| *name == table)
}

/// Object identifier of a table or view.
pub(super) fn table_oid(name: &str) -> Option<i64> {
    let own = relations().position(|(table, _)| table == name).map(|index| FIRST_OID + index as i64);
    // The catalog's own tables are in no row; clients compare with their identifiers.
    own.or_else(|| KNOWN.iter().position(|known| known.name == name).map(|index| 1_000 + index as i64))
}

/// Name of the table with an object identifier.
pub(super) fn table_name(oid: i64) -> Option<String> {
    let index = usize::try_from(oid - FIRST_OID).ok()?;
    relations().nth(index).map(|(name, _)| name.to_owned())
}

pub(super) fn schema_oid(name: &str) -> Option<i64> {
    SCHEMAS.iter().find(|(schema, _)| *schema == name).map(|(_, oid)| *oid)
}

pub(super) fn schema_name(oid: i64) -> Option<&'static str> {
    SCHEMAS.iter().find(|(_, schema)| *schema == oid).map(|(name, _)| *name)
}

/// Tables and views that can be asked, with their kinds in `pg_class`.
fn relations() -> impl Iterator<Item = (&'static str, &'static str)> {
    tables::every().map(|table| (table.name, "r")).chain(views::ALL.iter().map(|view| (view.name, "v")))
}

/// Columns of all views, in their order. To know them is to plan each, which is done once.
static VIEWS: OnceCell<Vec<SchemaRef>> = OnceCell::const_new();

async fn planned(context: &SessionContext) -> Result<Vec<SchemaRef>, Failure> {
    let mut schemas = Vec::new();
    for view in &views::ALL {
        if !context.table_exist(view.name)? {
            register_view(context, (view, statement_of(view)?)).await?;
        }
        schemas.push(context.table_provider(view.name).await?.schema());
    }
    Ok(schemas)
}

/// Makes the schema known to a session that knows all tables, and there the views that the statement does not name.
pub(super) async fn register(context: &SessionContext) -> Result<(), Failure> {
    let schemas = VIEWS.get_or_try_init(|| planned(context)).await?;
    for (view, schema) in views::ALL.iter().zip(schemas) {
        if !context.table_exist(view.name)? {
            context.register_table(view.name, Arc::new(EmptyTable::new(schema.clone())))?;
        }
    }
    let schema = MemorySchemaProvider::new();
    for known in KNOWN.iter() {
        let rows = match FILLED.iter().find(|(name, _)| *name == known.name) {
            Some((_, rows)) => rows(),
            None => Vec::new(),
        };
        let batch = batch(known, &rows)?;
        schema
            .register_table(known.name.to_owned(), Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))?;
    }
    let catalog = context.catalog(DATABASE).ok_or_else(|| exec_datafusion_err!("there is no catalog {DATABASE}"))?;
    catalog.register_schema("pg_catalog", Arc::new(schema))?;
    Ok(())
}

type Row = Map<String, Value>;
type Rows = fn() -> Vec<Row>;

/// Tables that have rows.
const FILLED: [(&str, Rows); 15] = [
    ("information_schema_tables", || relations().map(told).collect()),
    ("information_schema_views", || relations().filter(|(_, kind)| *kind == "v").map(told).collect()),
    ("pg_am", || vec![row(json!({"oid": HEAP_OID, "amname": "heap", "amtype": "t"}))]),
    ("pg_attribute", attributes),
    ("pg_authid", roles),
    ("pg_class", classes),
    ("pg_database", databases),
    ("pg_namespace", namespaces),
    ("pg_roles", roles),
    ("pg_settings", settings),
    ("pg_stat_user_tables", statistics),
    ("pg_tables", || listed("tablename", "tableowner", "r")),
    ("pg_type", types),
    ("pg_user", || vec![row(json!({"usename": USER, "usesysid": USER_OID}))]),
    ("pg_views", || listed("viewname", "viewowner", "v")),
];

fn row(values: Value) -> Row {
    match values {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}

fn namespaces() -> Vec<Row> {
    SCHEMAS.iter().map(|(name, oid)| row(json!({"oid": oid, "nspname": name, "nspowner": USER_OID}))).collect()
}

fn databases() -> Vec<Row> {
    vec![row(json!({
        "oid": 5, "datname": DATABASE, "datdba": USER_OID, "encoding": 6, "datlocprovider": "c", "datallowconn": true,
        "datconnlimit": -1, "datcollate": "C", "datctype": "C"
    }))]
}

fn roles() -> Vec<Row> {
    vec![row(json!({"oid": USER_OID, "rolname": USER, "rolinherit": true, "rolcanlogin": true, "rolconnlimit": -1}))]
}

fn settings() -> Vec<Row> {
    let settings = SETTINGS.iter().map(|(name, value)| {
        row(json!({
            "name": name, "setting": value, "context": "user", "vartype": "string", "source": "default",
            "boot_val": value, "reset_val": value
        }))
    });
    settings.collect()
}

fn classes() -> Vec<Row> {
    let classes = relations().enumerate().map(|(index, (name, kind))| {
        let oid = FIRST_OID + index as i64;
        let columns = columns(name).fields().len();
        row(json!({
            "oid": oid, "relname": name, "relnamespace": PUBLIC_OID, "relowner": USER_OID, "relkind": kind,
            "relam": if kind == "r" { HEAP_OID } else { 0 }, "reltuples": -1.0, "relpersistence": "p",
            "relnatts": columns, "relispopulated": true, "relreplident": "n", "relfilenode": oid
        }))
    });
    classes.collect()
}

fn statistics() -> Vec<Row> {
    let tables = relations().enumerate().filter(|(_, (_, kind))| *kind == "r");
    let rows = tables.map(|(index, (name, _))| {
        row(json!({"relid": FIRST_OID + index as i64, "schemaname": "public", "relname": name}))
    });
    rows.collect()
}

fn listed(name_column: &str, owner_column: &str, wanted: &str) -> Vec<Row> {
    let wanted = relations().filter(|(_, kind)| *kind == wanted);
    let listed = wanted.map(|(name, _)| {
        row(json!({"schemaname": "public", name_column: name, owner_column: USER, "definition": definition(name)}))
    });
    listed.collect()
}

/// As the standard tells it.
fn told((name, kind): (&'static str, &'static str)) -> Row {
    row(json!({
        "table_catalog": DATABASE, "table_schema": "public", "table_name": name,
        "table_type": if kind == "v" { "VIEW" } else { "BASE TABLE" }, "view_definition": definition(name),
        "check_option": "NONE", "is_insertable_into": "NO", "is_updatable": "NO", "is_typed": "NO",
        "is_trigger_updatable": "NO", "is_trigger_deletable": "NO", "is_trigger_insertable_into": "NO"
    }))
}

/// Of a view.
fn definition(name: &str) -> Option<String> {
    views::ALL.iter().find(|view| view.name == name).map(|view| (view.sql)())
}

/// Columns of a table or view that can be asked.
fn columns(name: &str) -> SchemaRef {
    let of_view = || {
        let place = views::ALL.iter().position(|view| view.name == name)?;
        VIEWS.get()?.get(place).cloned()
    };
    tables::named(name).map(|table| table.schema()).or_else(of_view).unwrap_or_else(|| Schema::empty().into())
}

fn attributes() -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, (table, _)) in relations().enumerate() {
        for (place, field) in columns(table).fields().iter().enumerate() {
            let kind = Kind::of(field.data_type());
            rows.push(row(json!({
                "attrelid": FIRST_OID + index as i64, "attname": field.name(), "atttypid": kind.oid(),
                "attlen": kind.bytes().unwrap_or(-1), "attnum": place + 1, "atttypmod": -1, "attstattarget": -1,
                "attndims": i32::from(kind.item().is_some()), "attalign": "d", "attstorage": "x",
                "attnotnull": !field.is_nullable(), "attislocal": true
            })));
        }
    }
    rows
}

fn types() -> Vec<Row> {
    let arrays: Vec<(Kind, Kind)> = Kind::all().filter_map(|kind| Some((kind.item()?, kind))).collect();
    let types = Kind::all().map(|kind| {
        let array = arrays.iter().find(|(item, _)| *item == kind).map_or(0, |(_, array)| array.oid());
        let item = kind.item().map_or(0, Kind::oid);
        let input = if item == 0 { format!("{}in", kind.name()) } else { "array_in".to_owned() };
        row(json!({
            "oid": kind.oid(), "typname": kind.name(), "typnamespace": 11, "typowner": USER_OID,
            "typlen": kind.bytes().unwrap_or(-1), "typtype": "b", "typcategory": category(kind), "typisdefined": true,
            "typdelim": ",", "typelem": item, "typarray": array, "typinput": input, "typtypmod": -1,
            "typalign": "d", "typstorage": "x"
        }))
    });
    types.collect()
}

fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "B",
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric => "N",
        Kind::Text => "S",
        Kind::Bytea | Kind::Json => "U",
        Kind::Date | Kind::Time | Kind::Timestamp | Kind::TimestampTz => "D",
        _ => "A",
    }
}

/// The rows with all columns of their table. What a row does not name is 0 or false, and null where it is a text, a
/// list or a time.
fn batch(known: &Known, rows: &[Row]) -> Result<RecordBatch> {
    let columns = known.columns.iter().map(|(name, kind)| (*name, column(name, *kind, rows), true));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

fn column(name: &str, kind: char, rows: &[Row]) -> ArrayRef {
    let whole = |row: &Row| row.get(name).and_then(Value::as_i64).unwrap_or_default();
    match kind {
        'n' => Arc::new(rows.iter().map(|row| Some(whole(row))).collect::<Int64Array>()),
        'i' => Arc::new(rows.iter().map(|row| i32::try_from(whole(row)).ok()).collect::<Int32Array>()),
        's' => Arc::new(rows.iter().map(|row| i16::try_from(whole(row)).ok()).collect::<Int16Array>()),
        'b' => {
            let truth = |row: &Row| row.get(name).and_then(Value::as_bool).unwrap_or_default();
            Arc::new(rows.iter().map(|row| Some(truth(row))).collect::<BooleanArray>())
        }
        'f' => {
            let number = |row: &Row| row.get(name).and_then(Value::as_f64).unwrap_or_default();
            Arc::new(rows.iter().map(|row| Some(number(row))).collect::<Float64Array>())
        }
        'z' => new_null_array(&DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), rows.len()),
        'T' => new_null_array(&DataType::new_list(DataType::Utf8, true), rows.len()),
        'N' => new_null_array(&DataType::new_list(DataType::Int64, true), rows.len()),
        _ => {
            let text = |row: &Row| row.get(name).and_then(Value::as_str).map(str::to_owned);
            Arc::new(rows.iter().map(text).collect::<StringArray>())
        }
    }
}

/// A schema of columns that say nothing but their names.
pub(super) fn of_texts(names: &[String]) -> SchemaRef {
    Arc::new(Schema::new(names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect::<Vec<_>>()))
}
