//! A service of the crate shellflip, and its client.
//!
//!     rust-service PATH            serves on the sockets of LISTEN_FDS, with a coordination socket at PATH
//!     rust-service PATH restart    requests a restart of the service at PATH
//!
//! A first start begins with the state in RUST_STATE. RUST_MODE makes a start misbehave before it is ready: crash or hang.
use anyhow::{Context, Result};
use async_trait::async_trait;
use shellflip::lifecycle::{receive_from_old_process, LifecycleHandler, PipeWriter};
use shellflip::{fixup_systemd_env, RestartConfig, ShutdownCoordinator, ShutdownHandle};
use std::os::fd::FromRawFd;
use std::sync::Arc;
use std::{env, io, process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The first descriptor of LISTEN_FDS, SD_LISTEN_FDS_START.
const FIRST_FD: i32 = 3;

/// Hands the state over as it is: bytes of the application.
struct State(Vec<u8>);

#[async_trait]
impl LifecycleHandler for State {
    async fn send_to_new_process(&mut self, mut pipe: PipeWriter) -> io::Result<()> {
        pipe.write_all(&self.0).await?;
        pipe.flush().await
    }

    async fn new_process_failed(&mut self) {
        println!("{} the new process failed", process::id());
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let path = args.next().context("name the path of the coordination socket")?;
    match args.next().as_deref() {
        Some("restart") => request(config(&path, vec![])).await,
        _ => serve(&path).await,
    }
}

async fn request(config: RestartConfig) -> Result<()> {
    match config.request_restart().await {
        Ok(pid) => println!("restarted {pid}"),
        Err(reason) => {
            println!("failed {reason}");
            process::exit(1);
        }
    }
    Ok(())
}

async fn serve(path: &str) -> Result<()> {
    fixup_systemd_env();
    let mode = env::var("RUST_MODE").unwrap_or_default();
    let state = match mode.as_str() {
        "crash" => process::exit(3),
        _ => received().await?,
    };
    if mode == "hang" {
        println!("{} hangs", process::id());
        std::future::pending::<()>().await;
    }
    let body = String::from_utf8_lossy(&state).into_owned();
    let coordinator = ShutdownCoordinator::new();
    let mut accepting = vec![];
    for listener in passed_listeners()? {
        let handle = coordinator.handle_weak();
        let body = body.clone();
        accepting.push(tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Some(handle) = handle.upgrade() else { return };
                tokio::spawn(answer(socket, body.clone(), handle));
            }
        }));
    }
    let restarting = config(path, state).try_into_restart_task()?;
    println!("{} serves {body}", process::id());
    let child = restarting.await?;
    println!("{} restarted {}", process::id(), child.id());
    for task in accepting {
        task.abort();
        let _ = task.await;
    }
    coordinator.shutdown_with_timeout(5).await;
    Ok(())
}

fn config(path: &str, state: Vec<u8>) -> RestartConfig {
    RestartConfig {
        enabled: true,
        coordination_socket_path: path.into(),
        lifecycle_handler: Box::new(State(state)),
        exit_on_error: false,
        ..Default::default()
    }
}

async fn received() -> Result<Vec<u8>> {
    let Some(mut pipe) = receive_from_old_process() else {
        return Ok(env::var("RUST_STATE").unwrap_or_default().into_bytes());
    };
    let mut state = vec![];
    pipe.read_to_end(&mut state).await?;
    Ok(state)
}

/// They stay without CLOEXEC, so that the next process inherits them at the same numbers.
fn passed_listeners() -> Result<Vec<TcpListener>> {
    let pid = env::var("LISTEN_PID").context("LISTEN_PID is missing")?;
    anyhow::ensure!(pid == process::id().to_string(), "LISTEN_PID={pid} is not ours");
    let count: i32 = env::var("LISTEN_FDS")?.parse()?;
    (FIRST_FD..FIRST_FD + count)
        .map(|fd| {
            // SAFETY: the process that started us has passed these descriptors, and nothing else takes them.
            let listener = unsafe { std::net::TcpListener::from_raw_fd(fd) };
            listener.set_nonblocking(true)?;
            Ok(TcpListener::from_std(listener)?)
        })
        .collect()
}

/// Answers one request with who we are, and closes.
async fn answer(mut socket: TcpStream, state: String, _handle: Arc<ShutdownHandle>) -> io::Result<()> {
    let mut head = vec![];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if socket.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let body = format!(
        r#"{{"pid":{},"version":"rust","state":{state:?},"names":{:?}}}"#,
        process::id(),
        env::var("LISTEN_FDNAMES").unwrap_or_default()
    );
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let whole = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    socket.write_all(whole.as_bytes()).await
}
