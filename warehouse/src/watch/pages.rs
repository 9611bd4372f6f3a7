//! The player and the page around it: what `npm run build` makes of `web/player`, in the binary.

use rust_embed::RustEmbed;

/// A checkout without it builds; whoever asks for a page is told the way out.
#[derive(RustEmbed)]
#[folder = "../web/player/dist"]
#[allow_missing = true]
struct Files;

/// Of the player, exactly as it was tried in a browser with hostile recordings.
pub const POLICY: &str = include_str!("../../../web/player/policy.txt");

/// One of the files.
pub fn get(name: &str) -> Option<Vec<u8>> {
    Files::get(name).map(|file| file.data.into_owned())
}

/// All of them, with their names.
pub fn all() -> impl Iterator<Item = (String, Vec<u8>)> {
    Files::iter().filter_map(|name| Some((name.to_string(), get(&name)?)))
}

pub fn are_built() -> bool {
    get("player.html").is_some()
}
