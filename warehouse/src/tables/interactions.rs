//! Tables with one row for each event of a type, which a select computes from whole sessions.

/// Such a table by its name, what its rows are called, the type of their events, and what else holds of these (`" and …"`), then
/// its columns, its select, and what that reads beside `touched_events`.
macro_rules! interactions {
    ($name:literal, $what:literal, $kind:literal, $and:literal, $columns:ident, $sql:ident, $inputs:expr) => {
        $crate::tables::Table {
            name: $name,
            columns: $columns,
            sort_order: "site_id, event_date, visitor_id, occurred_at, tab_id, seq",
            statistics_columns: &[
                "session_id",
                "visitor_id",
                "tab_id",
                "page_view_id",
                "occurred_at",
                "session_started_at",
            ],
            bloom_filter_columns: &[],
            rows: $crate::tables::Rows::OfSessions { sql: || $sql.into(), inputs: $inputs },
            sums: &[$crate::tables::Sum {
                what: $what,
                own: concat!("select count(*) from ", $name),
                of_events: concat!("select count(*) from events where type = '", $kind, "'", $and),
                level_only: false,
            }],
            strays: &[$crate::tables::Stray {
                what: concat!($what, " whose event has another session, or none"),
                sql: concat!(
                    "select t.session_id from ",
                    $name,
                    " t left join events e on t.site_id = e.site_id and t.tab_id = e.tab_id and t.seq = e.seq and e.type = '",
                    $kind,
                    "' where e.session_id is null or e.session_id <> t.session_id"
                ),
            }],
            repeats: None,
        }
    };
}

pub(super) use interactions;
