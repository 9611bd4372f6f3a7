use super::*;

#[test]
fn every_file_is_read_and_every_threshold_decides() {
    for signal in SIGNALS.iter() {
        assert!(!signal.meaning.is_empty(), "{}", signal.name);
        let plain = signal.sql(&Settings::default());
        let code: Vec<&str> = plain.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        assert!(!code.join("\n").contains('$'), "{}: a threshold has no default", signal.name);
        for threshold in &signal.thresholds {
            let text = format!("{}.{}={}", signal.name, threshold.name, threshold.default + 1.0);
            let other = signal.sql(&Settings::parse(&[text]).unwrap());
            assert_ne!(plain, other, "{}.{} is not used", signal.name, threshold.name);
        }
    }
}

#[test]
fn a_setting_that_is_none_is_told_with_the_way_out() {
    let told = |text: &str| Settings::parse(&[text.to_owned()]).unwrap_err().to_string();
    assert!(told("rage_click").contains("rage_click.gap_ms=700"));
    assert!(told("rage_click.gap_ms=soon").contains("is no number"));
    assert!(told("rage_click.gap_ms=-1").contains("from 0 on"));
    assert!(told("rage.gap=1").contains("dead_click.dead_ms"));
}

#[test]
fn the_statements_have_room_in_the_limit_of_a_query() {
    let set = Settings::parse(&["rage_click.gap_ms=700".to_owned()]).unwrap();
    assert!(report(&set, false).len() < crate::limits::SQL_BYTES_MAX / 2, "{}", report(&set, false).len());
}
