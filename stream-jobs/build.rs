//! Hands the lists of `infra/lists/dist` to the transforms, which embed them with
//! `include_bytes!(concat!(env!("OUT_DIR"), "/NAME.json"))`.

use std::path::{Path, PathBuf};

/// Files of the folder, without `.json`.
const LISTS: [&str; 3] = ["agent_bots", "agent_rules", "referrers"];

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo names the folder for what a build script makes"));
    for name in LISTS {
        let file = Path::new("../infra/lists/dist").join(name).with_extension("json");
        println!("cargo::rerun-if-changed={}", file.display());
        if let Err(error) = std::fs::copy(&file, out.join(name).with_extension("json")) {
            println!(
                "cargo::error=infra/lists/dist/{name}.json: {error}; run infra/dev/setup.sh --demo, which makes it"
            );
        }
    }
}
