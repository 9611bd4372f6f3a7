//! A client of Flight SQL that shows each status, and sends what it is told.

use std::net::SocketAddr;

use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{
    ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, Any, CommandPreparedStatementQuery,
    CommandStatementQuery, DoPutPreparedStatementResult, ProstMessageExt,
};
use arrow_flight::utils::{batches_to_flight_data, flight_data_to_batches};
use arrow_flight::{Action, FlightData, FlightDescriptor, FlightInfo, Ticket};
use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::util::display::array_value_to_string;
use futures::TryStreamExt;
use futures::stream::iter;
use prost::Message;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

pub(crate) struct Client {
    pub inner: FlightServiceClient<Channel>,
    /// Sent with each call.
    authorization: String,
}

impl Client {
    pub(crate) async fn connect(at: SocketAddr, authorization: &str) -> Self {
        let channel = Endpoint::from_shared(format!("http://{at}")).unwrap().connect().await.unwrap();
        Self { inner: FlightServiceClient::new(channel), authorization: authorization.to_owned() }
    }

    pub(crate) fn with<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if !self.authorization.is_empty() {
            request.metadata_mut().insert("authorization", self.authorization.parse().unwrap());
        }
        request
    }

    /// Describes a command.
    pub(crate) async fn info(&mut self, command: &impl ProstMessageExt) -> Result<FlightInfo, Status> {
        let request = self.with(FlightDescriptor::new_cmd(command.as_any().encode_to_vec()));
        Ok(self.inner.get_flight_info(request).await?.into_inner())
    }

    /// Begins to fetch what was described.
    pub(crate) async fn begin(&mut self, info: FlightInfo) -> Result<Streaming<FlightData>, Status> {
        let ticket: Ticket = info.endpoint[0].ticket.clone().unwrap();
        let request = self.with(ticket);
        Ok(self.inner.do_get(request).await?.into_inner())
    }

    pub(crate) async fn fetch(&mut self, info: FlightInfo) -> Result<(SchemaRef, Vec<RecordBatch>), Status> {
        let messages: Vec<FlightData> = self.begin(info).await?.try_collect().await?;
        let largest = messages.iter().map(Message::encoded_len).max().unwrap_or_default();
        assert!(largest <= 4 << 20, "a message has {largest} bytes");
        let columns =
            datafusion::arrow::ipc::convert::try_schema_from_flatbuffer_bytes(&messages[0].data_header).unwrap();
        Ok((columns.into(), flight_data_to_batches(&messages).unwrap()))
    }

    /// Describes a command and fetches it; what it is told before is what comes.
    pub(crate) async fn rows(&mut self, command: &impl ProstMessageExt) -> Result<Vec<RecordBatch>, Status> {
        let info = self.info(command).await?;
        let told = info.clone().try_decode_schema().unwrap();
        let (columns, rows) = self.fetch(info).await?;
        assert_eq!(*columns, told, "the columns that were told are those that come");
        Ok(rows)
    }

    pub(crate) async fn ask(&mut self, sql: &str) -> Result<Vec<Vec<String>>, Status> {
        self.rows(&statement(sql)).await.map(|rows| texts(&rows))
    }

    pub(crate) async fn prepare(&mut self, sql: &str) -> Result<ActionCreatePreparedStatementResult, Status> {
        let asked = ActionCreatePreparedStatementRequest { query: sql.to_owned(), transaction_id: None };
        let body = asked.as_any().encode_to_vec().into();
        let request = self.with(Action { r#type: "CreatePreparedStatement".into(), body });
        let mut results: Vec<_> = self.inner.do_action(request).await?.into_inner().try_collect().await?;
        let any = Any::decode(results.remove(0).body).unwrap();
        Ok(any.unpack().unwrap().unwrap())
    }

    /// The handle of a prepared statement with these values.
    pub(crate) async fn bind(&mut self, handle: &Bytes, values: RecordBatch) -> Result<Bytes, Status> {
        let messages = batches_to_flight_data(&values.schema(), vec![values]).unwrap();
        self.put(&prepared(handle), messages).await
    }

    /// Sends messages for a command.
    pub(crate) async fn put(
        &mut self,
        command: &impl ProstMessageExt,
        mut messages: Vec<FlightData>,
    ) -> Result<Bytes, Status> {
        messages[0].flight_descriptor = Some(FlightDescriptor::new_cmd(command.as_any().encode_to_vec()));
        let request = self.with(iter(messages));
        let results: Vec<_> = self.inner.do_put(request).await?.into_inner().try_collect().await?;
        let result = DoPutPreparedStatementResult::decode(results[0].app_metadata.clone()).unwrap();
        Ok(result.prepared_statement_handle.unwrap())
    }
}

pub(crate) fn statement(sql: &str) -> CommandStatementQuery {
    CommandStatementQuery { query: sql.to_owned(), transaction_id: None }
}

pub(crate) fn prepared(handle: &Bytes) -> CommandPreparedStatementQuery {
    CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() }
}

/// The values as texts; null is empty.
pub(crate) fn texts(rows: &[RecordBatch]) -> Vec<Vec<String>> {
    let row = |batch: &RecordBatch, row: usize| {
        batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap()).collect()
    };
    rows.iter().flat_map(|batch| (0..batch.num_rows()).map(move |number| row(batch, number))).collect()
}
