//! Where values come from: each layer lies over the one before.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

/// What a variable with the process's prefix may be that is no setting: the file's name, and the logs'.
const NOT_SETTINGS: [&str; 3] = ["config", "log", "log_format"];

/// The values that were given, each with where.
#[derive(Debug, Default)]
pub struct Layers {
    pub(crate) table: Table,
    /// Keys with dots between tables.
    pub(crate) origins: BTreeMap<String, String>,
    /// What variables and flags gave, as it was written.
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) mistakes: Vec<String>,
    /// The table whose keys have dots of their own (librdkafka's options), with a dot at its end.
    options: String,
}

impl Layers {
    /// `options` is the table whose keys have dots of their own; empty if there is none.
    pub fn new(options: &str) -> Self {
        let options = if options.is_empty() { String::new() } else { format!("{options}.") };
        Self { options, ..Self::default() }
    }

    /// A TOML file.
    pub fn file(&mut self, path: &Path) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.mistakes.push(format!("{}: {error}", path.display())),
        };
        self.toml(&text, &path.display().to_string());
    }

    /// TOML from elsewhere.
    pub fn toml(&mut self, text: &str, origin: &str) {
        match text.parse::<Table>() {
            Ok(table) => {
                self.note("", &table, origin);
                self.table = table;
            }
            Err(error) => {
                self.mistakes.push(format!("{origin}: {}", error.to_string().trim_end().replace('\n', "\n  ")));
            }
        }
    }

    /// Variables that begin with `prefix`: `PREFIX_KAFKA__BOOTSTRAP` is `kafka.bootstrap`. Within the options' table an
    /// underscore is a dot, which a variable's name cannot have.
    pub fn environment(&mut self, prefix: &str, variables: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in variables {
            let Some(key) = name.strip_prefix(prefix) else { continue };
            let key = key.to_lowercase().replace("__", ".");
            if NOT_SETTINGS.contains(&&*key) || is_of_a_kubernetes_service(&key) {
                continue;
            }
            let key = match key.strip_prefix(&self.options).filter(|_| !self.options.is_empty()) {
                Some(option) => format!("{}{}", self.options, option.replace('_', ".")),
                None => key,
            };
            self.flag(&name, &key, &value);
        }
    }

    /// A setting as text, which may stand for a number, a truth value, a list or a table; `origin` is the flag.
    pub fn flag(&mut self, origin: &str, key: &str, value: &str) {
        self.set(origin, key, value_of(value));
        self.texts.insert(key.to_owned(), value.to_owned());
    }

    /// A list whose parts were given one by one.
    pub fn list(&mut self, origin: &str, key: &str, values: &[String]) {
        self.set(origin, key, Value::Array(values.iter().cloned().map(Value::String).collect()));
        self.texts.remove(key);
    }

    /// `KEY=VALUE`, as `--set` takes it.
    pub fn assignment(&mut self, text: &str) {
        match text.split_once('=') {
            Some((key, value)) => self.flag(text, key, value),
            None => self
                .mistakes
                .push(format!("`{text}` is no setting: write KEY=VALUE, for example kafka.bootstrap=broker:9092")),
        }
    }

    fn set(&mut self, origin: &str, key: &str, value: Value) {
        let (tables, last) = match key.strip_prefix(&self.options).filter(|_| !self.options.is_empty()) {
            Some(option) => (self.options.trim_end_matches('.').split('.').collect(), option),
            None => match key.rsplit_once('.') {
                Some((tables, last)) => (tables.split('.').collect(), last),
                None => (Vec::new(), key),
            },
        };
        let mut place = &mut self.table;
        for name in tables {
            let entry = place.entry(name).or_insert_with(|| Value::Table(Table::new()));
            match entry {
                Value::Table(inner) => place = inner,
                _ => return self.mistakes.push(format!("{origin}: `{name}` is a value and not a table")),
            }
        }
        place.insert(last.to_owned(), value);
        self.origins.insert(key.to_owned(), origin.to_owned());
    }

    fn note(&mut self, place: &str, table: &Table, origin: &str) {
        for (name, value) in table {
            let key = format!("{place}{name}");
            if let Value::Table(inner) = value {
                self.note(&format!("{key}."), inner, origin);
            }
            self.origins.insert(key, origin.to_owned());
        }
    }
}

/// The process's environment. Names and values that are no Unicode are shown with replacement characters.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// Kubernetes gives every process variables for every service of its namespace, as container links did:
/// `COLLECTOR_SERVICE_HOST`, `COLLECTOR_PORT_8080_TCP_ADDR` beside a service that is called `collector`.
fn is_of_a_kubernetes_service(key: &str) -> bool {
    key == "port" || key.starts_with("port_") || key == "service_host" || key.starts_with("service_port")
}

/// A number, truth value, list or table if the text is one in TOML, else the text itself, quotes included.
fn value_of(text: &str) -> Value {
    match format!("value = {text}").parse::<Table>() {
        Ok(mut table) if table.len() == 1 => match table.remove("value") {
            Some(Value::Datetime(_) | Value::String(_)) | None => Value::String(text.to_owned()),
            Some(value) => value,
        },
        _ => Value::String(text.to_owned()),
    }
}
