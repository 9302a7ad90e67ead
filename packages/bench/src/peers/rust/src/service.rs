use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderValue, CONNECTION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio::{pin, select};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use crate::answer::answer;

const LINGER: Duration = Duration::from_millis(500);

/// An HTTP server, with TLS where the environment names a certificate.
pub struct Service {
    draining: Arc<AtomicBool>,
    tls: Option<TlsAcceptor>,
    open: watch::Sender<()>,
}

impl Service {
    pub fn from_environment() -> Self {
        Self {
            draining: Arc::default(),
            tls: variable("CERT").map(|cert| acceptor(&cert, &variable("KEY").expect("KEY"))),
            open: watch::Sender::new(()),
        }
    }

    /// Serves a connection.
    pub fn take(&self, connection: TcpStream) {
        let _ = connection.set_nodelay(true);
        let (tls, draining, open) = (
            self.tls.clone(),
            self.draining.clone(),
            self.open.subscribe(),
        );
        tokio::spawn(async move {
            match tls {
                None => serve(connection, draining, open).await,
                Some(tls) => {
                    if let Ok(connection) = tls.accept(connection).await {
                        serve(connection, draining, open).await;
                    }
                }
            }
        });
    }

    /// Shuts each connection down gracefully, which closes idle ones at once. With DRAIN=drain,
    /// the service first announces its end with "Connection: close" for a while.
    pub async fn stop(self) {
        if variable("DRAIN").as_deref() == Some("drain") {
            self.draining.store(true, Ordering::Relaxed);
            sleep(LINGER).await;
        }
        let grace = variable("GRACE_MS")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let _ = self.open.send(());
        let _ = timeout(Duration::from_millis(grace), self.open.closed()).await;
    }
}

async fn serve<C>(connection: C, draining: Arc<AtomicBool>, mut open: watch::Receiver<()>)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let held = open.clone();
    let service = service_fn(move |request| {
        let mut response = answer(request, held.clone());
        if draining.load(Ordering::Relaxed) {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades();
    pin!(connection);
    select! {
        _ = connection.as_mut() => {}
        _ = open.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

fn acceptor(cert: &str, key: &str) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(cert)
        .expect("CERT")
        .collect::<Result<Vec<_>, _>>()
        .expect("CERT");
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
