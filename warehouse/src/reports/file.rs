//! One report's file, read, and asked with values.

use anyhow::{anyhow, ensure};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::parameter::Parameter;
use crate::limits::REPORT_PARAMETERS_MAX;
use crate::query::split::named_places;
use crate::query::{self, Failure, Given, cut};

/// Of reports and parameters; those of parameters have no `-`.
const NAME_BYTES_MAX: usize = 64;
/// What a request says beside the parameters.
const RESERVED: [&str; 1] = ["format"];

/// A statement with a name, and with parameters.
#[derive(Clone, Debug)]
pub struct Report {
    pub name: String,
    /// What it says, in words.
    pub meaning: String,
    pub parameters: Vec<Parameter>,
    /// With `$1` in the place of the first parameter, and so on.
    sql: String,
}

impl Report {
    /// Of a file's text.
    ///
    /// # Errors
    /// What is wrong with it, for the one who wrote it.
    pub fn read(name: &str, text: &str) -> anyhow::Result<Self> {
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
        ensure!(
            (1..=NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(plain),
            "{name:?} is no name of a report: 1 to {NAME_BYTES_MAX} of a–z, 0–9, _ -"
        );
        let header = text.lines().map_while(|line| line.trim().strip_prefix("--")).map(str::trim);
        let (declared, words): (Vec<&str>, Vec<&str>) = header.partition(|line| line.starts_with('$'));
        let meaning = words.join(" ").trim().to_owned();
        ensure!(
            !meaning.is_empty(),
            "its first lines say nothing: begin with a comment (-- …) that tells what it says"
        );
        let parameters = declared.into_iter().map(Parameter::read).collect::<anyhow::Result<Vec<_>>>()?;
        ensure!(parameters.len() <= REPORT_PARAMETERS_MAX, "more than {REPORT_PARAMETERS_MAX} parameters");
        for (place, parameter) in parameters.iter().enumerate() {
            let name = &parameter.name;
            ensure!(
                !RESERVED.contains(&name.as_str()),
                "${name}: every request has a {name} of its own; call it otherwise"
            );
            ensure!(parameters[..place].iter().all(|other| other.name != *name), "${name} is declared twice");
        }
        let sql = numbered(text, &parameters)?;
        Ok(Self { name: name.to_owned(), meaning, parameters, sql })
    }

    /// The statement, and the values for its places, of those that were given by name. `today` is the day in UTC that dates such
    /// as `7 days ago` count from.
    ///
    /// # Errors
    /// A parameter that there is not, that is missing, given twice, or has a value that it must not have: with its name, its value
    /// and what is allowed.
    pub fn asked(
        &self,
        given: &[(String, String)],
        today: NaiveDate,
    ) -> Result<(String, Vec<query::Parameter>), Failure> {
        for (place, (name, value)) in given.iter().enumerate() {
            if self.parameters.iter().all(|parameter| parameter.name != *name) {
                let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                let (name, value, report) = (cut(name), cut(value), &self.name);
                let text = format!("{name} = {value:?}: report {report} has no such parameter; it has {known}");
                return Err(Failure::theirs("unknown_parameter", text));
            }
            if given[..place].iter().any(|(other, _)| other == name) {
                return Err(Failure::theirs(
                    "invalid_parameter",
                    format!("{name} = {:?}: it is given twice", cut(value)),
                ));
            }
        }
        let values = self.parameters.iter().map(|parameter| {
            let value = given.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value.as_str());
            let value = parameter.value(value, today)?;
            Ok(query::Parameter { oid: parameter.oid(), given: value.map_or(Given::Null, Given::Text) })
        });
        Ok((self.sql.clone(), values.collect::<Result<_, Failure>>()?))
    }

    /// As it is listed over HTTP.
    pub(super) fn listed(&self) -> Value {
        let parameters: Vec<Value> = self.parameters.iter().map(Parameter::listed).collect();
        json!({"name": self.name, "meaning": self.meaning, "parameters": parameters})
    }

    /// How one of its parameters may be given.
    pub fn example(&self) -> String {
        self.parameters.first().map_or("site=shop".to_owned(), |parameter| format!("{}=…", parameter.name))
    }

    /// In words, for a terminal.
    pub fn explained(&self) -> String {
        let mut text = format!("{}\n  {}\n", self.name, self.meaning);
        for parameter in &self.parameters {
            text += &format!("    {parameter}\n");
        }
        text
    }
}

/// The text with numbers in the places of names.
fn numbered(text: &str, parameters: &[Parameter]) -> anyhow::Result<String> {
    let mut sql = String::with_capacity(text.len());
    let mut used = vec![false; parameters.len()];
    let mut copied = 0;
    for place in named_places(text) {
        let name = &text[place.start + 1..place.end];
        let number = parameters.iter().position(|parameter| parameter.name == name).ok_or_else(|| {
            anyhow!("${name} is not declared; write a line such as -- ${name} text: what it is, below the first ones")
        })?;
        used[number] = true;
        sql += &text[copied..place.start];
        sql += &format!("${}", number + 1);
        copied = place.end;
    }
    sql += &text[copied..];
    let unused: Vec<&str> =
        parameters.iter().zip(&used).filter(|(_, used)| !**used).map(|(one, _)| &*one.name).collect();
    ensure!(unused.is_empty(), "${} is declared, and stands nowhere in the SQL", unused.join(", $"));
    Ok(sql)
}
