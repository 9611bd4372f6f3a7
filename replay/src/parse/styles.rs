//! Changes of style sheets by a page's script.

use std::borrow::Cow;

use super::Read;
use super::fields::{id, items, number, object, text};
use crate::event::{Adopted, AdoptedStyle, Data, Declaration, Place, Rules, Sheet, StyleChange};

/// Rules stand in at most so many others.
const NESTED_MAX: usize = 64;

pub(super) fn rules(data: &str) -> Read<Data<'_>> {
    let names = ["adds", "removes", "replace", "replaceSync"];
    let [adds, removes, replace, replace_sync] = object(data, names)?;
    let mut rules = Rules { sheet: sheet(data)?, ..Rules::default() };
    rules.adds = placed_rules(adds)?;
    items(removes, |item| {
        let [index] = object(item, ["index"])?;
        rules.removes.push(place(index)?);
        Ok(())
    })?;
    (rules.replace, rules.replace_sync) = (text(replace), text(replace_sync));
    Ok(Data::Rules(rules))
}

pub(super) fn declaration(data: &str) -> Read<Option<Data<'_>>> {
    let [index, set, remove] = object(data, ["index", "set", "remove"])?;
    let Place::Nested(index) = place(index)? else { return Ok(None) };
    let [property, value, priority] = object(set, ["property", "value", "priority"])?;
    let important = text(priority).is_some_and(|word| word == "important");
    let set = text(property)
        .zip(text(value))
        .map(|(property, value)| StyleChange { property, value: Some((value, important)) });
    let [removed] = object(remove, ["property"])?;
    Ok(Some(Data::Declaration(Declaration { sheet: sheet(data)?, place: index, set, remove: text(removed) })))
}

pub(super) fn adopted(data: &str) -> Read<Option<Data<'_>>> {
    let [host, ids, styles] = object(data, ["id", "styleIds", "styles"])?;
    let Some(host) = id(host) else { return Ok(None) };
    let mut adopted = Adopted { id: host, style_ids: Vec::new(), styles: Vec::new() };
    items(ids, |item| {
        adopted.style_ids.extend(id(item));
        Ok(())
    })?;
    items(styles, |item| {
        let [style, rules] = object(item, ["styleId", "rules"])?;
        if let Some(style_id) = id(style) {
            adopted.styles.push(AdoptedStyle { style_id, rules: placed_rules(rules)? });
        }
        Ok(())
    })?;
    Ok(Some(Data::Adopted(adopted)))
}

fn sheet(data: &str) -> Read<Sheet> {
    let [of_element, own] = object(data, ["id", "styleId"])?;
    Ok(Sheet { id: id(of_element), style_id: id(own) })
}

fn placed_rules(raw: &str) -> Read<Vec<(Cow<'_, str>, Place)>> {
    let mut rules = Vec::new();
    items(raw, |item| {
        let [rule, index] = object(item, ["rule", "index"])?;
        if let Some(rule) = text(rule) {
            rules.push((rule, place(index)?));
        }
        Ok(())
    })?;
    Ok(rules)
}

fn place(raw: &str) -> Read<Place> {
    let index = |raw| number(raw).filter(|index| *index >= 0.0);
    if !raw.starts_with('[') {
        return Ok(index(raw).map_or(Place::Last, Place::At));
    }
    let mut nested = Vec::new();
    items(raw, |item| {
        if nested.len() < NESTED_MAX {
            nested.extend(index(item));
        }
        Ok(())
    })?;
    Ok(Place::Nested(nested))
}
