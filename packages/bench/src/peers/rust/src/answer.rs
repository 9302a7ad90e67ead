use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use futures::{stream, SinkExt, StreamExt};
use http_body_util::{combinators::UnsyncBoxBody, BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, Response};
use hyper_tungstenite::HyperWebsocket;
use tokio::sync::watch;
use tokio::time::{interval, MissedTickBehavior};

pub type Body = UnsyncBoxBody<Bytes, Infallible>;

const BIG_LENGTH: usize = 204_800;

static GENERATION: LazyLock<Bytes> =
    LazyLock::new(|| format!("GENERATION {}\n", std::process::id()).into());

static BIG: LazyLock<Bytes> = LazyLock::new(|| {
    let mut body = GENERATION.to_vec();
    body.resize(BIG_LENGTH, b'.');
    body.into()
});

/// Answers a request. A WebSocket holds `open` until its end.
pub fn answer(mut request: Request<Incoming>, open: watch::Receiver<()>) -> Response<Body> {
    match request.uri().path() {
        "/big" => Response::new(Full::new(BIG.clone()).boxed_unsync()),
        "/stream" => Response::new(ticks(every_ms(&request))),
        "/ws" => match hyper_tungstenite::upgrade(&mut request, None) {
            Ok((response, socket)) => {
                tokio::spawn(echo(socket, open));
                response.map(|body| body.boxed_unsync())
            }
            Err(_) => Response::builder()
                .status(400)
                .body(Full::<Bytes>::default().boxed_unsync())
                .unwrap(),
        },
        _ => Response::new(Full::new(GENERATION.clone()).boxed_unsync()),
    }
}

fn every_ms(request: &Request<Incoming>) -> u64 {
    let query = request.uri().query().unwrap_or_default();
    query
        .strip_prefix("every=")
        .and_then(|text| text.parse().ok())
        .unwrap_or(100)
}

fn ticks(every_ms: u64) -> Body {
    let mut timer = interval(Duration::from_millis(every_ms));
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let frames = stream::unfold((timer, 0u64), |(mut timer, number)| async move {
        timer.tick().await;
        let part = if number == 0 {
            GENERATION.clone()
        } else {
            format!("tick {number}\n").into()
        };
        Some((Ok::<_, Infallible>(Frame::data(part)), (timer, number + 1)))
    });
    StreamBody::new(frames).boxed_unsync()
}

async fn echo(socket: HyperWebsocket, open: watch::Receiver<()>) {
    let Ok(mut socket) = socket.await else { return };
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            break;
        }
    }
    drop(open);
}
