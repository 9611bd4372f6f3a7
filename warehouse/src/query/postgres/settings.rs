//! What the server says that it is.

/// Name of the database that clients are shown.
pub const DATABASE: &str = "telemetry";
/// Name of the user that everything belongs to. Who asks is known by a token, and may give any name.
pub const USER: &str = "warehouse";
/// The PostgreSQL whose catalog is shown; clients choose their questions by it. Old enough that none warns of a newer server.
pub const VERSION: &str = "15.0 (customer telemetry warehouse)";

/// Settings that clients ask for, as `SHOW` and `pg_settings` say them.
pub const SETTINGS: [(&str, &str); 22] = [
    ("application_name", ""),
    ("client_encoding", "UTF8"),
    ("client_min_messages", "notice"),
    ("DateStyle", "ISO, MDY"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "on"),
    ("extra_float_digits", "1"),
    ("in_hot_standby", "off"),
    ("integer_datetimes", "on"),
    ("IntervalStyle", "postgres"),
    ("is_superuser", "off"),
    ("lc_collate", "C"),
    ("max_identifier_length", "63"),
    ("max_index_keys", "32"),
    ("search_path", "public"),
    ("server_encoding", "UTF8"),
    ("server_version", VERSION),
    ("server_version_num", "150000"),
    ("standard_conforming_strings", "on"),
    ("TimeZone", "UTC"),
    ("transaction_isolation", "read committed"),
    ("transaction_read_only", "on"),
];

/// The value of a setting, whatever case its name is in.
pub fn setting(name: &str) -> Option<&'static str> {
    SETTINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}
