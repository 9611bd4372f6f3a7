//! What there is: the catalog, its schema, tables and views with their columns, and what a warehouse has none of.

use std::sync::Arc;

use arrow_flight::IpcMessage;
use arrow_flight::error::FlightError;
use arrow_flight::sql::Command;
use arrow_flight::sql::metadata::XdbcTypeInfoDataBuilder;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use tonic::Status;

use super::Flight;
use super::facts::FACTS;
use super::statement::Statement;
use super::tell::{not_here, reads_only};
use crate::access::Right;
use crate::format::arrow_of;
use crate::tables;
use crate::views;

const CATALOG: &str = "telemetry";
const SCHEMA: &str = "public";
const TABLE: &str = "TABLE";
const VIEW: &str = "VIEW";

/// What a command asks for that is no statement.
pub(super) async fn rows(shared: &Flight, right: &Right, command: Command) -> Result<RecordBatch, Status> {
    let rows = match command {
        Command::CommandGetCatalogs(asked) => {
            let mut found = asked.into_builder();
            found.append(CATALOG);
            found.build()
        }
        Command::CommandGetDbSchemas(asked) => {
            let mut found = asked.into_builder();
            found.append(CATALOG, SCHEMA);
            found.build()
        }
        Command::CommandGetTableTypes(asked) => {
            let mut found = asked.into_builder();
            found.append(TABLE);
            found.append(VIEW);
            found.build()
        }
        Command::CommandGetTables(asked) => {
            let columns = if asked.include_schema { Some(shared.view_columns(right).await?) } else { None };
            let mut found = asked.into_builder();
            for table in tables::every() {
                let columns = if columns.is_some() { arrow_of(&table.schema()) } else { Schema::empty().into() };
                found.append(CATALOG, SCHEMA, table.name, TABLE, &columns).map_err(failed)?;
            }
            for (index, view) in views::ALL.iter().enumerate() {
                let empty = Schema::empty();
                let columns = columns.and_then(|columns| columns.get(index)).unwrap_or(&empty);
                found.append(CATALOG, SCHEMA, view.name, VIEW, columns).map_err(failed)?;
            }
            found.build()
        }
        Command::CommandGetSqlInfo(asked) => asked.into_builder(&FACTS).build(),
        Command::CommandGetXdbcTypeInfo(asked) => {
            XdbcTypeInfoDataBuilder::new().build().and_then(|none| asked.into_builder(&none).build())
        }
        Command::CommandGetPrimaryKeys(_) => Ok(none_of(&[
            ("catalog_name", DataType::Utf8, true),
            ("db_schema_name", DataType::Utf8, true),
            ("table_name", DataType::Utf8, false),
            ("column_name", DataType::Utf8, false),
            ("key_sequence", DataType::Int32, false),
            ("key_name", DataType::Utf8, true),
        ])),
        Command::CommandGetExportedKeys(_)
        | Command::CommandGetImportedKeys(_)
        | Command::CommandGetCrossReference(_) => Ok(none_of(&[
            ("pk_catalog_name", DataType::Utf8, true),
            ("pk_db_schema_name", DataType::Utf8, true),
            ("pk_table_name", DataType::Utf8, false),
            ("pk_column_name", DataType::Utf8, false),
            ("fk_catalog_name", DataType::Utf8, true),
            ("fk_db_schema_name", DataType::Utf8, true),
            ("fk_table_name", DataType::Utf8, false),
            ("fk_column_name", DataType::Utf8, false),
            ("key_sequence", DataType::Int32, false),
            ("fk_key_name", DataType::Utf8, true),
            ("pk_key_name", DataType::Utf8, true),
            ("update_rule", DataType::UInt8, false),
            ("delete_rule", DataType::UInt8, false),
        ])),
        Command::CommandStatementUpdate(_)
        | Command::CommandPreparedStatementUpdate(_)
        | Command::CommandStatementIngest(_) => return Err(reads_only()),
        other => {
            let url = other.type_url().rsplit('.').next().unwrap_or_default();
            return Err(not_here(&format!("{:?} is nothing that this server knows", crate::query::cut(url))));
        }
    };
    rows.map_err(failed)
}

impl Flight {
    /// Columns of each view, in the order of [`views::ALL`].
    async fn view_columns(&self, right: &Right) -> Result<&Vec<Schema>, Status> {
        let asked = self.views.get_or_try_init(async || {
            let mut found = Vec::new();
            for view in &views::ALL {
                let (described, _) = Statement::described(self, right, &format!("select * from {}", view.name)).await?;
                found.push(Schema::try_from(IpcMessage(described.columns())).map_err(|error| failed(error.into()))?);
            }
            Ok(found)
        });
        asked.await
    }
}

fn none_of(columns: &[(&str, DataType, bool)]) -> RecordBatch {
    let fields = columns.iter().map(|(name, kind, nullable)| Field::new(*name, kind.clone(), *nullable));
    RecordBatch::new_empty(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: FlightError) -> Status {
    Status::invalid_argument(format!("this cannot be looked up: {error}"))
}
