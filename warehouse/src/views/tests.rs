use schemas::campaign::{UTM_COLUMNS, columns};

use super::*;

#[test]
fn every_place_in_braces_is_filled_and_there_is_room_in_the_limit_of_a_query() {
    for view in &ALL {
        let sql = (view.sql)();
        let code: Vec<&str> = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        let braces =
            code.join("\n").replace(|letter: char| letter.is_ascii_digit() || letter == ',', "").replace("{}", "");
        assert!(!braces.contains('{'), "{}", view.name);
        assert!(sql.len() < crate::limits::SQL_BYTES_MAX / 2, "{}: {}", view.name, sql.len());
    }
}

#[test]
fn every_click_id_of_an_advertisement_has_a_channel() {
    let sql = include_str!("channels.sql");
    for (index, name) in columns().iter().enumerate().skip(UTM_COLUMNS) {
        let decides = sql.contains(&format!("{name},"))
            || sql.contains(&format!("{name})"))
            || sql.contains(&format!("{name} is"));
        assert!(decides || !schemas::campaign::is_paid(index), "{name}");
    }
}
