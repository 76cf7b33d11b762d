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

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{Empty, Full};
    use kairos_core::Rights;
    use kairos_core::ports::{PortResult, Web};
    use std::collections::VecDeque;
    use std::sync::Mutex;
    use std::time::Duration;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<String>>);

    struct Pieces(VecDeque<PortResult<Option<Vec<u8>>>>);

    #[async_trait::async_trait]
    impl WebBody for Pieces {
        async fn piece(&mut self) -> PortResult<Option<Vec<u8>>> {
            self.0.pop_front().unwrap_or(Ok(None))
        }
    }

    #[async_trait::async_trait]
    impl Web for Recorder {
        fn patience(&self) -> Duration {
            Duration::ZERO
        }
        async fn get(&self, url: &str, accept: &str, hosts: &[String]) -> PortResult<WebAnswer> {
            self.0.lock().unwrap().push(format!("{url} {accept} {}", hosts.join(",")));
            let broken = Err(PortError::new(ErrorCode::Unavailable, "it broke off"));
            let body = Box::new(Pieces([Ok(Some(b"half".to_vec())), broken, Ok(Some(b"never".to_vec()))].into()));
            Ok(WebAnswer { status: 200, headers: vec![("content-type", "text/plain".into())], body })
        }
    }

    fn requests(hosts: &[&str], web: Option<Arc<Recorder>>) -> Requests {
        let access = Access::none("x");
        let access = match web {
            Some(web) => access.with_web(web),
            None => access,
        };
        let net = hosts.iter().map(ToString::to_string).collect();
        access.set_rights(&Rights { net, ..Rights::default() });
        Requests::new(access)
    }

    async fn send(requests: &mut Requests, method: Method, body: WasiBody) -> std::result::Result<Response<WasiBody>, String> {
        let request = Request::builder().method(method).uri("https://example.org/a?b").header(ACCEPT, "text/html");
        let request = request.header("authorization", "mine").body(body).unwrap();
        let sent = Box::into_pin(requests.send_request(request, None, Box::new(async { Ok(()) }))).await;
        sent.map(|(response, _)| response).map_err(|e| e.to_string())
    }

    fn empty() -> WasiBody {
        Empty::new().map_err(Into::into).boxed_unsync()
    }

    #[tokio::test]
    async fn what_is_granted_is_asked_for_and_nothing_else() {
        let web = Arc::new(Recorder::default());
        let error = send(&mut requests(&[], Some(web.clone())), Method::GET, empty()).await.unwrap_err();
        assert!(error.contains("not granted"), "{error}");
        let error = send(&mut requests(&["*"], None), Method::GET, empty()).await.unwrap_err();
        assert!(error.contains("no page can be asked for here"), "{error}");
        let mut requests = requests(&["*.example.org"], Some(web.clone()));
        let body = Full::from("carried away").map_err(Into::into).boxed_unsync();
        for (method, body) in [(Method::POST, empty()), (Method::HEAD, empty()), (Method::GET, body)] {
            let error = send(&mut requests, method, body).await.unwrap_err();
            assert!(error.contains("only ask by GET"), "{error}");
        }
        assert!(web.0.lock().unwrap().is_empty());
        for _ in 0..3 {
            send(&mut requests, Method::GET, empty()).await.unwrap();
        }
        let error = send(&mut requests, Method::GET, empty()).await.unwrap_err();
        assert!(error.contains("6 requests may be sent"), "{error}");
        assert_eq!(*web.0.lock().unwrap(), ["https://example.org/a?b text/html *.example.org"; 3]);
        assert_eq!(requests.take_record().count(), 6);
        assert_eq!(requests.take_record().count(), 0, "the next call begins anew");
    }

    #[tokio::test]
    async fn a_body_comes_in_pieces_up_to_an_error() {
        let mut requests = requests(&["*"], Some(Arc::default()));
        let mut response = send(&mut requests, Method::GET, empty()).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()[CONTENT_TYPE]), (200, &"text/plain".parse().unwrap()));
        let body = response.body_mut();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
        assert!(body.frame().await.unwrap().unwrap_err().to_string().contains("it broke off"));
        assert!(body.frame().await.is_none());
    }

    #[test]
    fn no_other_header_passes() {
        let is_forbidden = requests(&[], None).forbidden_header_filter();
        for name in ["authorization", "cookie", "set-cookie", "host", "user-agent", "referer", "x-api-key", "transfer-encoding"] {
            assert!(is_forbidden(&HeaderName::from_static(name)), "{name}");
        }
        assert!(!is_forbidden(&ACCEPT) && !is_forbidden(&LOCATION));
    }
}
