//! `wasi:http`, behind the right to reach hosts. Nothing here opens a connection: what may be asked for, and how, is the port's to say.
//! What came is not journalled.

use crate::access::Access;
use crate::call::HostCall;
use futures_util::stream::unfold;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body, Bytes, Frame};
use hyper::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, LOCATION};
use hyper::{Method, Request, Response};
use kairos_core::ports::{WebAnswer, WebBody};
use kairos_core::{ErrorCode, PortError};
use std::sync::Arc;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody, WasiHttpHooks};

/// Under this name the calls are on record.
const SEND: &str = "http.handle";
/// How many requests a plugin may send in one call: a page, and five redirects.
pub(crate) const MAX_REQUESTS: u32 = 6;
/// What a plugin may say with a request, and hear with an answer: no cookies, no credentials.
const HEADERS: [HeaderName; 4] = [ACCEPT, CONTENT_TYPE, CONTENT_ENCODING, LOCATION];

/// The requests of one call.
pub(crate) struct Requests {
    access: Access,
    sent: u32,
}

/// What the contract wants for a request that has been sent: the answer, and what goes on beside it.
type Sent = Box<dyn Future<Output = Result<(Response<WasiBody>, Beside)>> + Send>;
type Beside = Box<dyn Future<Output = Result<()>> + Send>;

impl Requests {
    pub(crate) fn new(access: Access) -> Self {
        Self { access, sent: 0 }
    }

    /// That there were requests, for the journal; begins to count anew.
    pub(crate) fn take_record(&mut self) -> impl Iterator<Item = HostCall> {
        std::iter::repeat_with(|| HostCall::unrecorded(SEND)).take(std::mem::take(&mut self.sent) as usize)
    }

    /// Is it a request that a plugin may send?
    fn check(&mut self, request: &Request<WasiBody>) -> std::result::Result<(), PortError> {
        if self.sent == MAX_REQUESTS {
            return Err(PortError::new(ErrorCode::Exhausted, format!("{MAX_REQUESTS} requests may be sent in one call")));
        }
        self.sent += 1;
        if request.method() != Method::GET || !request.body().is_end_stream() {
            return Err(PortError::new(ErrorCode::Denied, "a plugin may only ask by GET, without a body"));
        }
        Ok(())
    }
}

impl WasiHttpHooks for Requests {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| !HEADERS.contains(name))
    }

    fn send_request(&mut self, request: Request<WasiBody>, _: Option<RequestOptions>, _: Beside) -> Sent {
        let ready = self.check(&request).and_then(|()| self.access.web());
        Box::new(async move {
            let (web, hosts) = ready.map_err(told)?;
            let accept = request.headers().get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*");
            let answer = web.get(&request.uri().to_string(), accept, &hosts).await.map_err(told)?;
            Ok((response(answer).map_err(|e| Error::InternalError(Some(e.to_string())))?, Box::new(async { Ok(()) }) as Beside))
        })
    }
}

fn response(answer: WebAnswer) -> std::result::Result<Response<WasiBody>, hyper::http::Error> {
    let named = |builder: hyper::http::response::Builder, (name, value)| builder.header(name, value);
    let response = answer.headers.into_iter().fold(Response::builder().status(answer.status), named);
    response.body(body(answer.body))
}

/// The pieces as they come. After an error there is nothing more.
fn body(body: Box<dyn WebBody>) -> WasiBody {
    let pieces = unfold(Some(body), async |body| {
        let mut body = body?;
        match body.piece().await {
            Ok(piece) => Some((Ok(Frame::data(Bytes::from(piece?))), Some(body))),
            Err(e) => Some((Err(told(e)), None)),
        }
    });
    StreamBody::new(pieces).boxed_unsync()
}

/// The one error of the contract that has words in it.
fn told(error: PortError) -> Error {
    Error::InternalError(Some(error.message))
}
