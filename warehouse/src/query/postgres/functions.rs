//! PostgreSQL's functions about the catalog, the session and its settings, as far as clients ask them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, StringArray, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::prelude::SessionContext;

use super::catalog;
use super::settings::{DATABASE, USER, VERSION, setting};
use crate::format::postgres::Kind;

/// Name of the function that shows a type.
pub(super) const TYPE_NAME: &str = "format_type";

/// Answers the same, whatever it is given.
fn constants() -> Vec<(&'static str, ScalarValue)> {
    let text = |text: &str| ScalarValue::Utf8(Some(text.to_owned()));
    let schemas = ["pg_catalog", "public"].map(ScalarValue::from);
    let schemas = ScalarValue::List(ScalarValue::new_list(&schemas, &DataType::Utf8, true));
    let mut constants = vec![
        ("version", text(&format!("PostgreSQL {VERSION}"))),
        ("current_database", text(DATABASE)),
        ("current_schema", text("public")),
        ("current_schemas", schemas),
        ("pg_get_userbyid", text(USER)),
        ("pg_encoding_to_char", text("UTF8")),
        ("pg_backend_pid", ScalarValue::Int32(Some(0))),
        // Nobody locks anything.
        ("pg_advisory_unlock_all", text("")),
        ("pg_is_in_recovery", ScalarValue::Boolean(Some(false))),
    ];
    let yes = ["pg_table_is_visible", "pg_type_is_visible", "pg_function_is_visible"];
    constants.extend(yes.map(|name| (name, ScalarValue::Boolean(Some(true)))));
    let uncounted = ["pg_relation_size", "pg_total_relation_size", "pg_table_size", "pg_stat_get_numscans"];
    constants.extend(uncounted.map(|name| (name, ScalarValue::Int64(None))));
    let unknown = [
        "pg_get_expr",
        "pg_get_constraintdef",
        "pg_get_viewdef",
        "pg_get_indexdef",
        "pg_get_partkeydef",
        "pg_get_serial_sequence",
        "obj_description",
        "col_description",
        "shobj_description",
        "pg_size_pretty",
    ];
    constants.extend(unknown.map(|name| (name, ScalarValue::Utf8(None))));
    constants
}

/// Looks its first argument up, or its last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Lookup {
    TypeName,
    /// The object identifier of a type, or of a table; null where there is none of that name.
    TypeOid,
    TableOid,
    TableName,
    SchemaName,
    QuotedName,
    /// `parse_ident('a."B"')`: the parts of a name.
    NameParts,
    Setting,
    /// `set_config(name, value, is_local)` sets nothing.
    SetTo,
    MayRead,
}

const LOOKUPS: [(&str, Lookup); 13] = [
    (TYPE_NAME, Lookup::TypeName),
    ("to_regtype", Lookup::TypeOid),
    ("to_regclass", Lookup::TableOid),
    ("regclass_name", Lookup::TableName),
    ("regnamespace_name", Lookup::SchemaName),
    ("quote_ident", Lookup::QuotedName),
    ("parse_ident", Lookup::NameParts),
    ("current_setting", Lookup::Setting),
    ("set_config", Lookup::SetTo),
    ("has_table_privilege", Lookup::MayRead),
    ("has_any_column_privilege", Lookup::MayRead),
    ("has_schema_privilege", Lookup::MayRead),
    ("has_database_privilege", Lookup::MayRead),
];

impl Lookup {
    fn kind(self) -> DataType {
        match self {
            Self::MayRead => DataType::Boolean,
            Self::TypeOid | Self::TableOid => DataType::Int64,
            Self::NameParts => DataType::new_list(DataType::Utf8, true),
            _ => DataType::Utf8,
        }
    }

    /// Place of the argument that is looked up.
    fn place(self, arguments: usize) -> usize {
        match self {
            Self::MayRead => arguments.saturating_sub(1),
            Self::SetTo => 1,
            _ => 0,
        }
    }

    fn texts(self, given: &StringArray) -> ArrayRef {
        let found = |given: Option<&str>| -> Option<String> {
            let given = given?;
            let oid = || given.parse::<i64>().ok();
            match self {
                Self::TypeName => Some(type_name(u32::try_from(oid()?).ok()?)),
                Self::TableName => Some(catalog::table_name(oid()?).unwrap_or_else(|| given.to_owned())),
                Self::SchemaName => Some(catalog::schema_name(oid()?).map_or_else(|| given.to_owned(), str::to_owned)),
                Self::QuotedName => Some(quoted(given)),
                Self::Setting => setting(given).map(str::to_owned),
                Self::SetTo => Some(given.to_owned()),
                Self::MayRead | Self::NameParts | Self::TypeOid | Self::TableOid => None,
            }
        };
        match self {
            Self::MayRead => {
                let may = |given: Option<&str>| {
                    let wanted = given?.to_ascii_lowercase();
                    Some(["select", "usage", "connect"].iter().any(|right| wanted.contains(right)))
                };
                Arc::new(given.iter().map(may).collect::<BooleanArray>())
            }
            Self::TypeOid | Self::TableOid => {
                let oid = |name: Option<&str>| {
                    let parts = name_parts(name?);
                    let name = parts.last()?;
                    if self == Self::TableOid { catalog::table_oid(name) } else { type_oid(name) }
                };
                Arc::new(given.iter().map(oid).collect::<Int64Array>())
            }
            Self::NameParts => {
                let mut parts = ListBuilder::new(StringBuilder::new());
                for name in given {
                    parts.append_option(name.map(|name| name_parts(name).into_iter().map(Some)));
                }
                Arc::new(parts.finish())
            }
            _ => Arc::new(given.iter().map(found).collect::<StringArray>()),
        }
    }
}

/// A type as SQL calls it.
fn type_name(oid: u32) -> String {
    let Some(kind) = Kind::of_oid(oid) else { return "???".to_owned() };
    let name = match kind.item().unwrap_or(kind) {
        Kind::Bool => "boolean",
        Kind::Int2 => "smallint",
        Kind::Int4 => "integer",
        Kind::Int8 => "bigint",
        Kind::Float4 => "real",
        Kind::Float8 => "double precision",
        Kind::Time => "time without time zone",
        Kind::Timestamp => "timestamp without time zone",
        Kind::TimestampTz => "timestamp with time zone",
        other => other.name(),
    };
    if kind.item().is_some() { format!("{name}[]") } else { name.to_owned() }
}

/// The type that SQL, or PostgreSQL, calls so.
fn type_oid(name: &str) -> Option<i64> {
    let called = |kind: &Kind| kind.name() == name || type_name(kind.oid()) == name;
    Kind::all().find(called).map(|kind| kind.oid().into())
}

/// A name in quotes, where it needs some.
fn quoted(name: &str) -> String {
    let starts = name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_');
    let plain = name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if starts && plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Parts of a name; those without quotes in small letters.
fn name_parts(name: &str) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for letter in name.chars() {
        let last = parts.last_mut().expect("there is one from the start");
        match letter {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            letter if quoted => last.push(letter),
            letter => last.extend(letter.to_lowercase()),
        }
    }
    parts
}

pub(super) fn register(context: &SessionContext) {
    let signature = || {
        let any = TypeSignature::OneOf(vec![TypeSignature::Nullary, TypeSignature::VariadicAny]);
        Signature::new(any, Volatility::Stable)
    };
    for (name, value) in constants() {
        context.register_udf(ScalarUDF::new_from_impl(Constant { name, value, signature: signature() }));
    }
    for (name, lookup) in LOOKUPS {
        context.register_udf(ScalarUDF::new_from_impl(Looking { name, lookup, signature: signature() }));
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Constant {
    name: &'static str,
    value: ScalarValue,
    signature: Signature,
}

impl ScalarUDFImpl for Constant {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.value.data_type())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value.clone()))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Looking {
    name: &'static str,
    lookup: Lookup,
    signature: Signature,
}

impl ScalarUDFImpl for Looking {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.lookup.kind())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(given) = arguments.args.get(self.lookup.place(arguments.args.len())) else {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(&self.lookup.kind())?));
        };
        let given = cast(&given.to_array(arguments.number_rows)?, &DataType::Utf8)?;
        Ok(ColumnarValue::Array(self.lookup.texts(given.as_string())))
    }
}
