//! Reads the configuration; every mistake is reported at once.

use settings::{Layers, Wrong};

use crate::config::Config;
use crate::config::check;

/// Start of the environment variables that are settings; `__` stands between a table and its key.
pub const ENVIRONMENT_PREFIX: &str = "COLLECTOR_";
/// librdkafka's options have dots in their names.
const OPTIONS: &str = "kafka.options";

/// For what is given in a file, the environment and flags.
pub fn layers() -> Layers {
    Layers::new(OPTIONS)
}

/// Puts the layers together and checks the result.
pub fn load(layers: Layers) -> Result<Config, Wrong> {
    let (config, mut mistakes) = layers.read::<Config>();
    check::check(&config, &mut mistakes);
    mistakes.none(config)
}

/// Reads a configuration from TOML alone (tests, embedding).
pub fn from_toml(text: &str) -> Result<Config, Wrong> {
    let mut layers = layers();
    layers.toml(text, "TOML");
    load(layers)
}

#[cfg(test)]
mod tests;
