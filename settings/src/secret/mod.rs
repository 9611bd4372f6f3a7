//! What is never shown.

use serde::Serialize;
use toml::Value;
use url::Url;

/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";
/// Parts of the names of settings, and of librdkafka's options, that hold a secret, or may.
const SECRET_PARTS: [&str; 9] =
    ["password", "passphrase", "secret", "token", "write_key", "key.pem", "sasl.jaas", "oauthbearer.config", "plugin"];

/// Whether the setting with this name may hold a secret.
pub fn is_secret(name: &str) -> bool {
    SECRET_PARTS.iter().any(|part| name.contains(part))
}

/// Settings as TOML, with secrets and the passwords of addresses hidden; it can be read again.
pub fn hidden(settings: &impl Serialize) -> String {
    let mut shown = Value::try_from(settings).expect("settings are made of text, numbers, lists and tables");
    hide(&mut shown, false);
    toml::to_string(&shown).expect("what was made of TOML values is TOML")
}

/// One value as it stands in a message.
pub(crate) fn shown(value: &Value) -> String {
    let mut shown = value.clone();
    hide(&mut shown, false);
    shown.to_string()
}

fn hide(value: &mut Value, secret: bool) {
    match value {
        Value::String(text) if secret && !text.is_empty() => *text = HIDDEN.to_owned(),
        Value::String(text) => *text = without_password(text),
        Value::Table(table) => table.iter_mut().for_each(|(name, value)| hide(value, secret || is_secret(name))),
        Value::Array(values) => values.iter_mut().for_each(|value| hide(value, secret)),
        other if secret => *other = Value::String(HIDDEN.to_owned()),
        _ => {}
    }
}

/// An address whose password is hidden; any other text as it is.
pub fn without_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            // Only an address that cannot have a password refuses one.
            let _ = url.set_password(Some(HIDDEN));
            url.to_string()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
