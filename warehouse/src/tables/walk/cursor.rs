//! Whose events come.

/// Site, session (or visitor) and tab of the event before.
#[derive(Debug, Default)]
pub struct Cursor(Option<[String; 3]>);

/// What an event begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Nothing,
    /// A tab of the same session.
    Tab,
    Session,
}

impl Cursor {
    /// Goes on to the next event.
    pub fn turn(&mut self, next: [&str; 3]) -> Turn {
        let turn = match &self.0 {
            Some(last) if last[0] == next[0] && last[1] == next[1] => match last[2] == next[2] {
                true => return Turn::Nothing,
                false => Turn::Tab,
            },
            _ => Turn::Session,
        };
        self.0 = Some(next.map(str::to_owned));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_of_another_session_begins_both() {
        let mut cursor = Cursor::default();
        let rows = [["a", "s", "t"], ["a", "s", "t"], ["a", "s", "u"], ["a", "r", "u"], ["b", "r", "u"]];
        let turns = rows.map(|row| cursor.turn(row));
        assert_eq!(turns, [Turn::Session, Turn::Nothing, Turn::Tab, Turn::Session, Turn::Session]);
    }
}
