//! Remembers the last plan: tables that are equally far, and polls between two arrivals, share one.

/// The newest thing that was made, with what it was made for.
#[derive(Debug)]
pub(crate) struct Memo<K, V>(Option<(K, V)>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: PartialEq, V: Clone> Memo<K, V> {
    /// The thing for `key`. It is made if it is not known; the old one's memory is given back first.
    pub(crate) async fn get<E>(&mut self, key: K, made: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        if let Some((_, value)) = self.0.as_ref().filter(|(known, _)| *known == key) {
            return Ok(value.clone());
        }
        self.0 = None;
        let value = made.await?;
        self.0 = Some((key, value.clone()));
        Ok(value)
    }
}
