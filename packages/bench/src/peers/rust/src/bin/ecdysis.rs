//! A service that ecdysis upgrades on SIGHUP, as its example does.

use std::error::Error;

use bench_peers::{variable, Service};
use ecdysis::tokio_ecdysis::{SignalKind, StopOnShutdown, TokioEcdysisBuilder};
use futures::StreamExt;

const BACKLOG: i32 = 511;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = TokioEcdysisBuilder::new(SignalKind::hangup())?;
    builder.set_pid_file(variable("PID_FILE").ok_or("PID_FILE")?);
    let address = variable("ADDRESS").ok_or("ADDRESS")?.parse()?;
    let mut connections =
        builder.build_listen_tcp(StopOnShutdown::Yes, address, |socket, address| {
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        })?;
    let service = Service::from_environment();
    let (_ecdysis, upgraded) = builder.ready()?;
    let accepting = async {
        while let Some(connection) = connections.next().await {
            if let Ok(connection) = connection {
                service.take(connection);
            }
        }
    };
    let _ = tokio::join!(accepting, upgraded);
    drop(connections);
    service.stop().await;
    Ok(())
}
