//! What a client may call. A statement is described by `GetFlightInfo` or prepared by `DoAction`, its values come by `DoPut`, and
//! `DoGet` fetches the rows.

use std::sync::Arc;

use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
    Any, Command, DoPutPreparedStatementResult, ProstMessageExt, TicketStatementQuery,
};
use arrow_flight::utils::batches_to_flight_data;
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest,
    HandshakeResponse, IpcMessage, PollInfo, PutResult, Result as ActionResult, SchemaAsIpc, SchemaResult, Ticket,
};
use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::IpcWriteOptions;
use futures::StreamExt;
use futures::stream::{self, BoxStream, iter, once};
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::caller::Caller;
use super::statement::Statement;
use super::tell::{not_here, reads_only};
use super::{Flight, answer, catalog};
use crate::access::Right;

const PREPARE: &str = "CreatePreparedStatement";
const CLOSE: &str = "ClosePreparedStatement";
const ACTIONS: [(&str, &str); 2] = [
    (PREPARE, "Describes a statement; its handle is fetched from later."),
    (CLOSE, "Nothing is kept, so nothing is closed."),
];

/// The calls of one connection.
pub(super) struct Service {
    pub(super) shared: Arc<Flight>,
    /// Ends the connection.
    pub(super) leave: CancellationToken,
}

type Answer<T> = Result<Response<BoxStream<'static, Result<T, Status>>>, Status>;

#[tonic::async_trait]
impl FlightService for Service {
    type HandshakeStream = BoxStream<'static, Result<HandshakeResponse, Status>>;
    type ListFlightsStream = BoxStream<'static, Result<FlightInfo, Status>>;
    type DoGetStream = BoxStream<'static, Result<FlightData, Status>>;
    type DoPutStream = BoxStream<'static, Result<PutResult, Status>>;
    type DoActionStream = BoxStream<'static, Result<ActionResult, Status>>;
    type ListActionsStream = BoxStream<'static, Result<ActionType, Status>>;
    type DoExchangeStream = BoxStream<'static, Result<FlightData, Status>>;

    /// The token that came as a password, to be sent as `Bearer` from now on.
    async fn handshake(&self, request: Request<Streaming<HandshakeRequest>>) -> Answer<HandshakeResponse> {
        let token = caller(&request)?.token.clone();
        let value = format!("Bearer {}", if token.is_empty() { "-" } else { &token });
        let value = value.parse().map_err(|_| Status::unauthenticated("a token has plain letters only"))?;
        let mut response = Response::new(stream::empty().boxed());
        response.metadata_mut().insert("authorization", value);
        Ok(response)
    }

    async fn get_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        let right = right(&request)?;
        let descriptor = request.into_inner();
        let (columns, ticket) = match command(&descriptor.cmd)? {
            Command::CommandStatementQuery(asked) => {
                statement(Statement::described(&self.shared, &right, &asked.query).await?.0)
            }
            Command::CommandPreparedStatementQuery(asked) => {
                let prepared = Statement::of_handle(&asked.prepared_statement_handle)?;
                statement(prepared.settled(&self.shared, &right).await?)
            }
            other => {
                let rows = catalog::rows(&self.shared, &right, other).await?;
                (columns_of(&rows)?, descriptor.cmd.clone())
            }
        };
        let endpoint = FlightEndpoint::new().with_ticket(Ticket { ticket });
        let info = FlightInfo::new().with_descriptor(descriptor).with_endpoint(endpoint).with_ordered(true);
        Ok(Response::new(FlightInfo { schema: columns, ..info }))
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        let schema = self.get_flight_info(request).await?.into_inner().schema;
        Ok(Response::new(SchemaResult { schema }))
    }

    async fn do_get(&self, request: Request<Ticket>) -> Answer<FlightData> {
        let right = right(&request)?;
        let asked = match command(&request.get_ref().ticket)? {
            Command::TicketStatementQuery(ticket) => Statement::of_handle(&ticket.statement_handle)?,
            other => {
                let rows = catalog::rows(&self.shared, &right, other).await?;
                let columns = rows.schema();
                let messages = batches_to_flight_data(&columns, vec![rows]).map_err(unwritable)?;
                return Ok(Response::new(iter(messages.into_iter().map(Ok)).boxed()));
            }
        };
        let permit = self.shared.answers.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Status::unavailable("too many answers are on their way; read some first"))?;
        let messages = asked.asked(&self.shared, &right).await?;
        Ok(Response::new(answer::stream(messages, permit, self.leave.clone())))
    }

    /// Values for a prepared statement; with them comes its new handle.
    async fn do_put(&self, request: Request<Streaming<FlightData>>) -> Answer<PutResult> {
        right(&request)?;
        let mut messages = request.into_inner();
        let missing = || Status::invalid_argument("the first message says for what the others are");
        let first = messages.next().await.ok_or_else(missing)??;
        let asked = command(&first.flight_descriptor.as_ref().ok_or_else(missing)?.cmd)?;
        let Command::CommandPreparedStatementQuery(asked) = asked else { return Err(reads_only()) };
        let statement = Statement::of_handle(&asked.prepared_statement_handle)?;
        let bound = statement.bound(once(async { Ok(first) }).boxed().chain(messages)).await?;
        let result = DoPutPreparedStatementResult { prepared_statement_handle: Some(bound.handle()) };
        Ok(one(PutResult { app_metadata: result.encode_to_vec().into() }))
    }

    async fn do_action(&self, request: Request<Action>) -> Answer<ActionResult> {
        let right = right(&request)?;
        let Action { r#type, body } = request.into_inner();
        match r#type.as_str() {
            PREPARE => {
                let asked: ActionCreatePreparedStatementRequest = packed(&body)?;
                let (statement, parameters) = Statement::described(&self.shared, &right, &asked.query).await?;
                let result = ActionCreatePreparedStatementResult {
                    prepared_statement_handle: statement.handle(),
                    dataset_schema: statement.columns(),
                    parameter_schema: parameters,
                };
                Ok(one(ActionResult { body: result.as_any().encode_to_vec().into() }))
            }
            CLOSE => {
                packed::<ActionClosePreparedStatementRequest>(&body)?;
                Ok(Response::new(stream::empty().boxed()))
            }
            other => Err(not_here(&format!(
                "{:?} is not done here: there are no transactions, and a statement ends when its stream is closed",
                crate::query::cut(other)
            ))),
        }
    }

    async fn list_actions(&self, _: Request<Empty>) -> Answer<ActionType> {
        let actions = ACTIONS.map(|(name, what)| Ok(ActionType { r#type: name.into(), description: what.into() }));
        Ok(Response::new(iter(actions).boxed()))
    }

    async fn list_flights(&self, _: Request<Criteria>) -> Answer<FlightInfo> {
        Err(not_here("there is no list of answers: ask for tables by GetTables"))
    }

    async fn poll_flight_info(&self, _: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        Err(not_here("an answer is not waited for by polling: ask by GetFlightInfo"))
    }

    async fn do_exchange(&self, _: Request<Streaming<FlightData>>) -> Answer<FlightData> {
        Err(not_here("nothing is exchanged here: ask by GetFlightInfo and DoGet"))
    }
}

/// Who calls. The connection has looked before.
fn caller<T>(request: &Request<T>) -> Result<&Caller, Status> {
    request.extensions().get().ok_or_else(|| Status::internal("nobody knows who calls"))
}

fn right<T>(request: &Request<T>) -> Result<Right, Status> {
    Ok(caller(request)?.right.clone())
}

fn command(bytes: &[u8]) -> Result<Command, Status> {
    Any::decode(bytes).ok().and_then(|any| Command::try_from(any).ok()).ok_or_else(|| {
        Status::invalid_argument("this is no command of Flight SQL; a path, or a ticket of another server, is none")
    })
}

fn packed<T: ProstMessageExt>(body: &[u8]) -> Result<T, Status> {
    let unpacked = Any::decode(body).ok().and_then(|any| any.unpack().ok().flatten());
    unpacked.ok_or_else(|| Status::invalid_argument("the body of the action is of another type"))
}

/// The columns of a statement, and the ticket for its rows.
fn statement(statement: Statement) -> (Bytes, Bytes) {
    let ticket = TicketStatementQuery { statement_handle: statement.handle() };
    (statement.columns(), ticket.as_any().encode_to_vec().into())
}

fn columns_of(rows: &RecordBatch) -> Result<Bytes, Status> {
    let told = IpcMessage::try_from(SchemaAsIpc::new(&rows.schema(), &IpcWriteOptions::default()));
    Ok(told.map_err(unwritable)?.0)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unwritable(error: ArrowError) -> Status {
    Status::internal(format!("this cannot be written: {error}"))
}

fn one<T: Send + 'static>(message: T) -> Response<BoxStream<'static, Result<T, Status>>> {
    Response::new(once(async { Ok(message) }).boxed())
}
