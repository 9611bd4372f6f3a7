//! A statement between two calls: all that is known of it is in the handle or ticket that the client keeps. It may be forged, and
//! says no more than the client could ask anyhow.

use arrow_flight::FlightData;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tonic::Status;

use super::Flight;
use super::messages::{Messages, framed};
use super::tell::status;
use crate::access::Right;
use crate::limits::{FLIGHT_VALUES_BYTES_MAX, FLIGHT_VALUES_MESSAGES_MAX};
use crate::query::split::numbered;
use crate::query::{Blame, Failure, Limits};
use crate::sql::{Form, Question};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Statement {
    sql: String,
    /// Of `$1`, `$2` …: a stream of Arrow with one row; none when there are none.
    values: Vec<u8>,
    /// Its columns, as a message of Arrow.
    columns: Vec<u8>,
}

impl Statement {
    /// Asks a worker what a statement answers; with it comes a message that tells its parameters.
    pub(super) async fn described(shared: &Flight, right: &Right, sql: &str) -> Result<(Self, Bytes), Status> {
        // JDBC and ODBC write `?`.
        let statement = Self { sql: numbered(sql).into_owned(), ..Self::default() };
        statement.told(shared, right).await
    }

    /// The same with the columns that its values make, if it has any.
    pub(super) async fn settled(self, shared: &Flight, right: &Right) -> Result<Self, Status> {
        if self.values.is_empty() { Ok(self) } else { Ok(self.told(shared, right).await?.0) }
    }

    async fn told(self, shared: &Flight, right: &Right) -> Result<(Self, Bytes), Status> {
        let asked = question(right, &self.sql, Form::Schemas { values: self.values.clone() });
        let told = async {
            let mut messages = Messages::of(shared.pool.ask(&asked).await?);
            let missing = || Failure::ours("a statement was not described");
            let parameters = messages.next().await?.ok_or_else(missing)?;
            Ok::<_, Failure>((parameters, messages.next().await?.ok_or_else(missing)?))
        };
        let (parameters, columns) = told.await.map_err(|failure| logged(right, &failure))?;
        Ok((Self { columns: columns.framed().to_vec(), ..self }, parameters.framed()))
    }

    /// Asks a worker for its rows; comes back when they begin.
    pub(super) async fn asked(self, shared: &Flight, right: &Right) -> Result<Messages, Status> {
        let asked = question(right, &self.sql, Form::Flight { values: self.values });
        shared.pool.ask(&asked).await.map(Messages::of).map_err(|failure| logged(right, &failure))
    }

    pub(super) fn columns(&self) -> Bytes {
        self.columns.clone().into()
    }

    /// The same with the values that a client sends, as they come: only workers read them.
    pub(super) async fn bound(
        self,
        mut messages: impl Stream<Item = Result<FlightData, Status>> + Unpin,
    ) -> Result<Self, Status> {
        let mut values = Vec::new();
        let mut count = 0;
        while let Some(message) = messages.next().await {
            let FlightData { data_header, data_body, .. } = message?;
            if data_header.is_empty() {
                continue;
            }
            count += 1;
            if values.len() + data_header.len() + data_body.len() > FLIGHT_VALUES_BYTES_MAX
                || count > FLIGHT_VALUES_MESSAGES_MAX
            {
                return Err(Status::resource_exhausted(format!(
                    "the values of a statement take more than {FLIGHT_VALUES_BYTES_MAX} bytes or {FLIGHT_VALUES_MESSAGES_MAX} messages; send fewer"
                )));
            }
            values.extend(framed(&data_header));
            values.extend_from_slice(&data_body);
        }
        // The end of the stream.
        values.extend(framed(&[]));
        Ok(Self { values, ..self })
    }

    pub(super) fn handle(&self) -> Bytes {
        postcard::to_allocvec(self).expect("texts and bytes are written to memory").into()
    }

    pub(super) fn of_handle(handle: &[u8]) -> Result<Self, Status> {
        postcard::from_bytes(handle)
            .map_err(|_| Status::invalid_argument("this is no handle of this server; prepare the statement again"))
    }
}

fn question(right: &Right, sql: &str, form: Form) -> Question {
    Question {
        asker: right.name.clone(),
        sql: sql.to_owned(),
        scope: right.scope.clone(),
        form,
        parameters: Vec::new(),
        limits: Limits::streamed(),
        held_bytes_max: 0,
    }
}

fn logged(right: &Right, failure: &Failure) -> Status {
    if failure.blame() == Blame::Us {
        let detail = failure.detail().unwrap_or("-");
        tracing::error!("a statement of {} failed: {failure} ({detail})", right.name);
    }
    status(failure)
}

#[cfg(test)]
mod tests {
    use futures::stream::iter;

    use super::*;

    #[tokio::test]
    async fn a_handle_reads_back_and_a_forged_one_does_not() {
        let statement = Statement { sql: "select $1".into(), values: vec![], columns: vec![1, 2] };
        assert_eq!(Statement::of_handle(&statement.handle()).unwrap(), statement);
        for wrong in [&b"\xff\xff\xff\xff\x7f"[..], b"\x05abc", b"", b"\x01\xff\0\0"] {
            assert_eq!(Statement::of_handle(wrong).unwrap_err().code(), tonic::Code::InvalidArgument, "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn values_are_bounded_in_bytes_and_in_messages() {
        let message = |bytes: usize| {
            Ok(FlightData { data_header: vec![1; 8].into(), data_body: vec![2; bytes].into(), ..FlightData::default() })
        };
        let bound = async |messages: Vec<_>| Statement::default().bound(iter(messages)).await;
        let values = bound(vec![message(16), Ok(FlightData::default()), message(8)]).await.unwrap().values;
        assert_eq!(values.len(), (8 + 8 + 16) + (8 + 8 + 8) + 8);
        let refused = bound(vec![message(70_000), message(20_000)]).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        assert!(bound((0..100).map(|_| message(0)).collect()).await.is_err());
    }
}
