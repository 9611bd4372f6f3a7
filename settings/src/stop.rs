//! How a process is asked to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that SIGTERM (a supervisor) or SIGINT (Ctrl-C) cancels. To be called within a runtime.
///
/// # Errors
/// The system takes no handlers: such a process could only be killed, and should not start.
pub fn stop_on_signal() -> io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopped.cancel();
    });
    Ok(stop)
}

/// The same for SIGTERM alone, where Ctrl-C stops only what is done at the moment.
///
/// # Errors
/// The system takes no handlers.
pub fn stop_on_terminate() -> io::Result<CancellationToken> {
    let mut terminate = signals(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        stopped.cancel();
    });
    Ok(stop)
}

fn signals(kind: SignalKind) -> io::Result<Signal> {
    signal(kind).map_err(|error| io::Error::new(error.kind(), format!("cannot listen for {kind:?}: {error}")))
}
