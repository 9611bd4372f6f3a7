//! Reads the configuration: a TOML file, then the environment, then flags; every mistake is reported at once.

use std::path::Path;

use toml::{Table, Value};

use crate::check;
use crate::config::Config;

/// Start of the environment variables that are settings; `__` stands between a table and its key.
pub const ENVIRONMENT_PREFIX: &str = "COLLECTOR_";

/// Everything that is wrong with a configuration, one line for each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigMistakes(pub Vec<String>);

/// Puts the sources together and checks the result. `environment` is the process's, `flags` are `kafka.bootstrap=…`.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    flags: &[String],
) -> Result<Config, ConfigMistakes> {
    let mut mistakes = Vec::new();
    let mut table = file.map(|path| read(path, &mut mistakes)).unwrap_or_default();
    for (name, value) in environment {
        if let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) {
            set(&mut table, &environment_key(key), &value, &name, &mut mistakes);
        }
    }
    for flag in flags {
        match flag.split_once('=') {
            Some((key, value)) => set(&mut table, key, value, flag, &mut mistakes),
            None => mistakes
                .push(format!("`{flag}` is no setting: write KEY=VALUE, for example kafka.bootstrap=broker:9092")),
        }
    }
    let config = deserialize(table, &mut mistakes);
    check::check(&config, &mut mistakes);
    if mistakes.is_empty() { Ok(config) } else { Err(ConfigMistakes(mistakes)) }
}

fn read(path: &Path, mistakes: &mut Vec<String>) -> Table {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            mistakes.push(format!("{}: {error}", path.display()));
            return Table::new();
        }
    };
    text.parse().unwrap_or_else(|error: toml::de::Error| {
        mistakes.push(format!("{}: {}", path.display(), error.to_string().trim_end().replace('\n', "\n  ")));
        Table::new()
    })
}

/// `KAFKA__OPTIONS__SASL_PASSWORD` is `kafka.options.sasl.password`: librdkafka's options have dots where a variable's
/// name cannot.
fn environment_key(name: &str) -> String {
    let key = name.to_lowercase().replace("__", ".");
    match key.strip_prefix("kafka.options.") {
        Some(option) => format!("kafka.options.{}", option.replace('_', ".")),
        None => key,
    }
}

/// Sets `table.key` with dots as table separators; everything after `kafka.options.` is one key.
fn set(table: &mut Table, key: &str, value: &str, source: &str, mistakes: &mut Vec<String>) {
    let parts: Vec<&str> = match key.strip_prefix("kafka.options.") {
        Some(option) => vec!["kafka", "options", option],
        None => key.split('.').collect(),
    };
    let is_option = parts.len() == 3 && parts[1] == "options";
    let (last, tables) = parts.split_last().expect("a split text has at least one part");
    let mut place = table;
    for name in tables {
        let entry = place.entry(*name).or_insert_with(|| Value::Table(Table::new()));
        match entry {
            Value::Table(inner) => place = inner,
            _ => return mistakes.push(format!("{source}: `{name}` is a value and not a table")),
        }
    }
    place.insert((*last).to_owned(), if is_option { Value::String(value.to_owned()) } else { value_of(value) });
}

/// A number, truth value or list if the text is one in TOML, else the text itself.
fn value_of(text: &str) -> Value {
    match format!("value = {text}").parse::<Table>() {
        Ok(mut table) if table.len() == 1 => match table.remove("value") {
            Some(Value::Datetime(_)) | None => Value::String(text.to_owned()),
            Some(value) => value,
        },
        _ => Value::String(text.to_owned()),
    }
}

/// Reads the table; a value that does not fit is reported, taken out, and the rest is read again, so that one mistake
/// does not hide the next.
fn deserialize(mut table: Table, mistakes: &mut Vec<String>) -> Config {
    stringify_options(&mut table);
    loop {
        match serde_path_to_error::deserialize::<_, Config>(Value::Table(table.clone())) {
            Ok(config) => {
                report_unknown(&table, &config, mistakes);
                return config;
            }
            Err(error) => {
                let path = error.path().to_string();
                mistakes.push(format!("{path}: {}", error.inner().to_string().trim_end()));
                let key = path.split(['.', '[']).collect::<Vec<_>>();
                if !remove(&mut table, &key) {
                    return Config::default();
                }
            }
        }
    }
}

/// librdkafka's options are texts; in TOML people write numbers and truth values too.
fn stringify_options(table: &mut Table) {
    let options = table.get_mut("kafka").and_then(|kafka| kafka.get_mut("options")).and_then(Value::as_table_mut);
    for (_, value) in options.into_iter().flatten() {
        if !value.is_str() && !value.is_table() {
            *value = Value::String(value.to_string());
        }
    }
}

/// Takes the value at `path` out, or the nearest table around it that is there.
fn remove(table: &mut Table, path: &[&str]) -> bool {
    match path {
        [] => false,
        [key] => table.remove(*key).is_some(),
        [key, rest @ ..] => {
            let inner = table.get_mut(*key).and_then(Value::as_table_mut);
            inner.is_some_and(|inner| remove(inner, rest)) || table.remove(*key).is_some()
        }
    }
}

/// Reports the keys that `config` did not take up.
fn report_unknown(given: &Table, config: &Config, mistakes: &mut Vec<String>) {
    let known = Value::try_from(config).expect("a configuration holds only what TOML can say");
    compare("", &Value::Table(given.clone()), &known, mistakes);
}

fn compare(place: &str, given: &Value, known: &Value, mistakes: &mut Vec<String>) {
    match (given, known) {
        (Value::Table(given), Value::Table(known)) => {
            for (key, value) in given {
                match known.get(key) {
                    Some(known) => compare(&format!("{place}{key}."), value, known, mistakes),
                    None => mistakes.push(format!(
                        "{place}{key}: no such setting; there are {}",
                        known.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
                    )),
                }
            }
        }
        (Value::Array(given), Value::Array(known)) => {
            for (index, (given, known)) in given.iter().zip(known).enumerate() {
                compare(&format!("{place}{index}."), given, known, mistakes);
            }
        }
        _ => {}
    }
}

/// Reads a configuration from TOML alone (tests, embedding).
pub fn from_toml(text: &str) -> Result<Config, ConfigMistakes> {
    let table = text.parse::<Table>().map_err(|error| ConfigMistakes(vec![error.to_string()]))?;
    let mut mistakes = Vec::new();
    let config = deserialize(table, &mut mistakes);
    check::check(&config, &mut mistakes);
    if mistakes.is_empty() { Ok(config) } else { Err(ConfigMistakes(mistakes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str, flags: &[&str]) -> String {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("written");
        let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        load(Some(file.path()), std::iter::empty(), &flags).expect_err("mistakes").to_string()
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let told = mistakes(
            r#"
            listen = "nowhere"
            ack_timeout_ms = "soon"
            forwarded_by = "via"
            colour = "red"
            [limits]
            window_bytes_max = 7
            address_share_percent = 101
            patience_ms = 0
            [kafka]
            bootstrap = ""
            brokers = 3
            [[sites]]
            site_id = "a/b"
            write_key = "k"
            allowed_origins = ["shop.example/"]
            "#,
            &["registry.url=ftp", "bare"],
        );
        for part in [
            "listen: ",
            "ack_timeout_ms: ",
            "forwarded_by: ",
            "colour: no such setting",
            "limits.window_bytes_max = 7",
            "limits.address_share_percent = 101",
            "limits.patience_ms = 0",
            "kafka.bootstrap",
            "kafka.brokers: no such setting",
            "a/b",
            "shop.example/",
            "registry.url",
            "`bare`",
        ] {
            assert!(told.contains(part), "{part} is not in:\n{told}");
        }
    }

    #[test]
    fn flags_win_over_environment_over_file() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(
            file.path(),
            "ack_timeout_ms = 1\nsites = [{site_id = 's', write_key = 'k'}]\n[kafka]\nbootstrap = 'file:1'",
        )
        .expect("written");
        let environment = [
            ("COLLECTOR_ACK_TIMEOUT_MS", "2000"),
            ("COLLECTOR_KAFKA__BOOTSTRAP", "environment:1"),
            ("COLLECTOR_KAFKA__OPTIONS__SASL_PASSWORD", "12"),
            ("PATH", "/bin"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let flags = ["kafka.bootstrap=flag:1".to_owned()];
        let config = load(Some(file.path()), environment.into_iter(), &flags).expect("a good configuration");
        assert_eq!(config.ack_timeout_ms, 2000);
        assert_eq!(config.kafka.bootstrap, "flag:1");
        assert_eq!(config.kafka.options["sasl.password"], "12");
    }

    #[test]
    fn the_printed_configuration_hides_secrets_and_reads_back() {
        let config = from_toml(
            "[[sites]]\nsite_id = 's'\nwrite_key = 'canary1'\n[registry]\npassword = 'canary2'\n[kafka.options]\n\"sasl.password\" = 'canary3'\n\"linger.ms\" = 5",
        )
        .expect("a good configuration");
        let printed = config.print();
        assert!(!printed.contains("canary"), "{printed}");
        assert!(printed.contains("\"linger.ms\" = \"5\""), "{printed}");
        from_toml(&printed).expect("what is printed can be read");
    }

    #[test]
    fn the_commented_example_is_good() {
        load(Some(Path::new("../infra/config/collector.toml")), std::iter::empty(), &[])
            .expect("the example configuration");
    }
}
