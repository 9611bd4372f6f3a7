//! What is asked: one file a question, the words of who asks above the statement.

/// `{session}` and `{page_view}` stand for one of the store.
pub(super) const QUESTIONS: [&str; 20] = [
    include_str!("questions/01_what_happens.sql"),
    ONE_SESSION,
    include_str!("questions/03_phones.sql"),
    include_str!("questions/04_controls.sql"),
    include_str!("questions/05_slow_calls.sql"),
    include_str!("questions/06_hours.sql"),
    include_str!("questions/07_anger.sql"),
    include_str!("questions/08_trail.sql"),
    include_str!("questions/09_cart.sql"),
    include_str!("questions/10_hesitation.sql"),
    include_str!("questions/11_rows.sql"),
    include_str!("questions/12_errors.sql"),
    include_str!("questions/13_campaigns.sql"),
    include_str!("questions/14_main_content.sql"),
    include_str!("questions/15_fields.sql"),
    include_str!("questions/16_exits.sql"),
    include_str!("questions/17_effects.sql"),
    include_str!("questions/18_travel.sql"),
    include_str!("questions/19_last_straw.sql"),
    include_str!("questions/20_losses.sql"),
];

pub(super) const ONE_SESSION: &str = include_str!("questions/02_one_session.sql");

/// What single questions are about.
pub(super) struct Keys {
    pub session: String,
    pub page_view: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub words: String,
    pub sql: String,
}

impl Question {
    pub(super) fn of(text: &str, keys: &Keys) -> Self {
        let (words, sql) = text.split_once('\n').unwrap_or((text, ""));
        let sql = sql.trim().replace("{session}", &keys.session).replace("{page_view}", &keys.page_view);
        Self { words: words.trim_start_matches("--").trim().to_owned(), sql }
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.words.to_lowercase().contains(&text) || self.sql.to_lowercase().contains(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_has_words_and_one_statement() {
        let keys = Keys { session: "s".into(), page_view: "p".into() };
        for text in QUESTIONS {
            let Question { words, sql } = Question::of(text, &keys);
            assert!(text.starts_with("-- ") && words.ends_with(['?', '.']), "{words}");
            assert!(sql.starts_with("select") || sql.starts_with("with"), "{words}");
            assert!(!sql.contains(['{', ';']), "{words}: {sql}");
        }
    }
}
