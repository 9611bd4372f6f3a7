//! From the layers' table to the settings of a process.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use toml::{Table, Value};

use crate::layers::Layers;
use crate::mistakes::Mistakes;
use crate::secret::{is_secret, shown, without_password};

impl Layers {
    /// Puts the layers together over the defaults; for what the process itself finds wrong the mistakes go on.
    pub fn read<T: Default + Serialize + DeserializeOwned>(mut self) -> (T, Mistakes) {
        let settings = read(&mut self);
        (settings, Mistakes::new(self.origins, self.mistakes))
    }
}

/// Reads the table. A value that does not fit is reported, taken out, and the rest is read again, so that one mistake
/// does not hide the next.
fn read<T: Default + Serialize + DeserializeOwned>(layers: &mut Layers) -> T {
    loop {
        let error = match deserialize::<T>(&layers.table) {
            Ok(settings) => {
                let known = Value::try_from(&settings).expect("settings are made of text, numbers, lists and tables");
                report_unknown(layers, "", &Value::Table(layers.table.clone()), &known);
                return settings;
            }
            Err(error) => error,
        };
        let path = names(error.path());
        let fits = |(key, table): &(Vec<String>, Table)| {
            !deserialize::<T>(table).err().is_some_and(|again| names(again.path()).starts_with(key))
        };
        if let Some((_, table)) = with_text(layers, &path).into_iter().find(fits) {
            layers.table = table;
            continue;
        }
        report(layers, &path, error.inner().message());
        if !remove(&mut layers.table, &path) {
            return T::default();
        }
    }
}

fn deserialize<T: DeserializeOwned>(table: &Table) -> Result<T, serde_path_to_error::Error<toml::de::Error>> {
    serde_path_to_error::deserialize(Value::Table(table.clone()))
}

/// Tables with a text where something was taken for a number, a list or the like, each with the path of the text: what a
/// variable or a flag gave for the key around `path`, as it was written (a password may be `0x10`), and the number or
/// truth value at `path` (librdkafka's options are texts, and people write `5`).
fn with_text(layers: &Layers, path: &[String]) -> Vec<(Vec<String>, Table)> {
    let given = (1..=path.len()).rev().find_map(|end| Some((end, layers.texts.get(&path[..end].join("."))?)));
    let mut texts: Vec<_> = given.map(|(end, text)| (end, text.clone())).into_iter().collect();
    if let Some(value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_))) = find(&layers.table, path)
        && given.is_none_or(|(end, _)| end < path.len())
    {
        texts.push((path.len(), value.to_string()));
    }
    let with = |(end, text)| {
        let key = path[..end].to_vec();
        let mut table = layers.table.clone();
        let place = find_mut(&mut table, &key).filter(|place| !place.is_str())?;
        *place = Value::String(text);
        Some((key, table))
    };
    texts.into_iter().filter_map(with).collect()
}

fn names(path: &Path) -> Vec<String> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

fn report(layers: &mut Layers, path: &[String], error: &str) {
    let key = path.join(".");
    let origin = origin(layers, path);
    let value = find(&layers.table, path).map(shown);
    let line = if path.iter().any(|name| is_secret(name)) {
        format!("{origin}: {key}: a text is wanted (the value is not shown)")
    } else if let Some(value) = value.filter(|value| !value.contains('\n')) {
        format!("{origin}: {key} = {value}: {}", without_passwords(error.trim()))
    } else {
        format!("{origin}: {key}: {}", without_passwords(error.trim()))
    };
    layers.mistakes.push(line);
}

/// Errors of serde quote texts.
fn without_passwords(error: &str) -> String {
    error.split('"').map(without_password).collect::<Vec<_>>().join("\"")
}

/// Where the value, or the nearest table around it, was given.
fn origin(layers: &Layers, path: &[String]) -> String {
    let nearest = (0..=path.len()).rev().find_map(|end| layers.origins.get(&path[..end].join(".")));
    nearest.cloned().unwrap_or_else(|| "settings".to_owned())
}

fn find<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(first)?, |value, name| match value {
        Value::Table(table) => table.get(name),
        Value::Array(values) => values.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

fn find_mut<'a>(table: &'a mut Table, path: &[String]) -> Option<&'a mut Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get_mut(first)?, |value, name| match value {
        Value::Table(table) => table.get_mut(name),
        Value::Array(values) => values.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Takes the value at `path` out, or the nearest table around it that is there.
fn remove(table: &mut Table, path: &[String]) -> bool {
    match path {
        [] => false,
        [key] => table.remove(key).is_some(),
        [key, rest @ ..] => {
            let inner = table.get_mut(key).and_then(Value::as_table_mut);
            inner.is_some_and(|inner| remove(inner, rest)) || table.remove(key).is_some()
        }
    }
}

/// Reports the keys that the settings did not take up.
fn report_unknown(layers: &mut Layers, place: &str, given: &Value, known: &Value) {
    match (given, known) {
        (Value::Table(given), Value::Table(known)) => {
            for (name, value) in given {
                match known.get(name) {
                    Some(known) => report_unknown(layers, &format!("{place}{name}."), value, known),
                    None => {
                        let key = format!("{place}{name}");
                        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
                        let origin = origin(layers, &path);
                        let names = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                        layers.mistakes.push(format!("{origin}: {key}: no such setting; there are {names}"));
                    }
                }
            }
        }
        (Value::Array(given), Value::Array(known)) => {
            for (index, (given, known)) in given.iter().zip(known).enumerate() {
                report_unknown(layers, &format!("{place}{index}."), given, known);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
