//! `warehouse token`: makes, lists and takes out tokens.

use std::path::Path;

use anyhow::bail;
use clap::Subcommand;

use super::Role;
use super::file::{Entries, Entry};
use super::scram::Verifier;
use super::secret::{hash, new_token};

#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, this once: the file keeps its hash only
    New {
        /// What it is called, to tell it from others: a–z, 0–9, - _ .
        name: String,
        /// A site that it may see; give it again for more of them
        #[arg(long = "site", value_name = "SITE_ID", conflicts_with = "all_sites")]
        sites: Vec<String>,
        /// It may see every site
        #[arg(long)]
        all_sites: bool,
        /// reader: asks statements about its sites. admin: about every site, and sees the store's address and write keys
        #[arg(long, value_enum, default_value = "reader")]
        role: Role,
    },
    /// Name the tokens, their roles and sites
    List,
    /// Take a token out: it is refused from then on
    Remove { name: String },
}

/// Runs the command on the access file.
pub fn run(command: TokenCommand, file: &Path) -> anyhow::Result<()> {
    match command {
        TokenCommand::New { name, sites, all_sites, role } => {
            let mut entries = if file.exists() { Entries::read(file)? } else { Entries::default() };
            if entries.tokens.iter().any(|entry| entry.name == name) {
                bail!(
                    "there is a token called {name} in {}; take it out first, or choose another name",
                    file.display()
                );
            }
            let token = new_token()?;
            let made_at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            let all_sites = all_sites && role == Role::Reader;
            let entry = Entry {
                name,
                role,
                sites: sites.into_iter().collect(),
                all_sites,
                sha256: hash(&token),
                scram: Some(Verifier::of(&token)?.to_string()),
                made_at,
            };
            entry.check()?;
            entries.tokens.push(entry);
            entries.write(file)?;
            println!("{token}");
            eprintln!("It is not shown again. `warehouse serve --access {}` lets it in.", file.display());
        }
        TokenCommand::List => {
            for entry in Entries::read(file)?.tokens {
                let sites: Vec<String> = entry.sites.into_iter().collect();
                let sites = if sites.is_empty() { "every site".to_owned() } else { sites.join(", ") };
                let role = format!("{:?}", entry.role).to_lowercase();
                println!("{}\t{role}\t{sites}\t{}", entry.name, entry.made_at);
            }
        }
        TokenCommand::Remove { name } => {
            let mut entries = Entries::read(file)?;
            let before = entries.tokens.len();
            entries.tokens.retain(|entry| entry.name != name);
            if entries.tokens.len() == before {
                bail!("there is no token called {name} in {}; `warehouse token list` names them", file.display());
            }
            entries.write(file)?;
        }
    }
    Ok(())
}
