//! A service that the shellflip crate restarts, as its example does. `shellflip restart` requests that.

use std::error::Error;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd};

use bench_peers::{variable, Service};
use shellflip::RestartConfig;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket};
use tokio::{pin, select};

const BACKLOG: u32 = 511;
const LISTENER: &str = "BENCH_LISTENER";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RestartConfig {
        enabled: true,
        coordination_socket_path: variable("RESTART_SOCKET").ok_or("RESTART_SOCKET")?.into(),
        ..Default::default()
    };
    if std::env::args().nth(1).as_deref() == Some("restart") {
        config.request_restart().await?;
        return Ok(());
    }
    let listener = if variable("SHARE_LISTENER").is_some() {
        shared()?
    } else {
        own()?
    };
    config.environment = vec![(LISTENER.into(), listener.as_raw_fd().to_string().into())];
    let service = Service::from_environment();
    let restarted = config.try_into_restart_task()?;
    pin!(restarted);
    loop {
        select! {
            accepted = listener.accept() => {
                if let Ok((connection, _)) = accepted {
                    service.take(connection);
                }
            }
            outcome = &mut restarted => {
                outcome?;
                break;
            }
        }
    }
    drop(listener);
    service.stop().await;
    Ok(())
}

/// Each process binds the address for itself.
fn own() -> Result<TcpListener, Box<dyn Error>> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address()?)?;
    Ok(socket.listen(BACKLOG)?)
}

/// The first process binds the address, and its successors inherit the descriptor, as they inherit those of systemd.
fn shared() -> Result<TcpListener, Box<dyn Error>> {
    let listener = match variable(LISTENER) {
        // SAFETY: the predecessor names a descriptor that it made inheritable, and nobody else knows it here.
        Some(fd) => unsafe { std::net::TcpListener::from_raw_fd(fd.parse()?) },
        None => std::net::TcpListener::bind(address()?)?,
    };
    SockRef::from(&listener).set_cloexec(false)?;
    listener.set_nonblocking(true)?;
    Ok(TcpListener::from_std(listener)?)
}

fn address() -> Result<SocketAddr, Box<dyn Error>> {
    Ok(variable("ADDRESS").ok_or("ADDRESS")?.parse()?)
}
