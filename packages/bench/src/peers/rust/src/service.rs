use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderValue, CONNECTION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use crate::answer::answer;

const LINGER: Duration = Duration::from_millis(500);

/// An HTTP server, with TLS where the environment names a certificate.
pub struct Service {
    graceful: GracefulShutdown,
    draining: Arc<AtomicBool>,
    tls: Option<TlsAcceptor>,
    open: watch::Sender<()>,
}

impl Service {
    pub fn from_environment() -> Self {
        Self {
            graceful: GracefulShutdown::new(),
            draining: Arc::default(),
            tls: variable("CERT").map(|cert| acceptor(&cert, &variable("KEY").expect("KEY"))),
            open: watch::Sender::new(()),
        }
    }

    /// Serves a connection.
    pub fn take(&self, connection: TcpStream) {
        let _ = connection.set_nodelay(true);
        let (watcher, draining) = (self.graceful.watcher(), self.draining.clone());
        let (tls, open) = (self.tls.clone(), self.open.subscribe());
        tokio::spawn(async move {
            match tls {
                None => serve(connection, watcher, draining, open).await,
                Some(tls) => {
                    if let Ok(connection) = tls.accept(connection).await {
                        serve(connection, watcher, draining, open).await;
                    }
                }
            }
        });
    }

    /// Shuts down gracefully, which closes idle connections at once. With DRAIN=drain, the service first announces its end with
    /// "Connection: close" for a while.
    pub async fn stop(self) {
        if variable("DRAIN").as_deref() == Some("drain") {
            self.draining.store(true, Ordering::Relaxed);
            sleep(LINGER).await;
        }
        let grace = variable("GRACE_MS").and_then(|text| text.parse().ok()).unwrap_or(0);
        let closed = async {
            self.graceful.shutdown().await;
            self.open.closed().await;
        };
        let _ = timeout(Duration::from_millis(grace), closed).await;
    }
}

async fn serve<C>(connection: C, watcher: Watcher, draining: Arc<AtomicBool>, open: watch::Receiver<()>)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let mut response = answer(request, open.clone());
        if draining.load(Ordering::Relaxed) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades();
    let _ = watcher.watch(connection).await;
}

fn acceptor(cert: &str, key: &str) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(cert).expect("CERT").collect::<Result<_, _>>().expect("CERT");
    let key = PrivateKeyDer::from_pem_file(key).expect("KEY");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("certificate");
    TlsAcceptor::from(Arc::new(config))
}

/// Returns a variable of the environment.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
