//! Asking by `wasi:http`: all of the network that a plugin has. What may be asked for is the host's to say.

use kairos_plugin::Error;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{ErrorCode as HttpError, Fields, IncomingResponse, OutgoingRequest, Scheme, http_error_code};
use wasip2::io::error::Error as IoError;
use wasip2::io::streams::StreamError;

/// Bytes that are read at once.
const PIECE: u64 = 64 << 10;

/// What came back.
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Reads the rest: what came of it, and why not all did.
    pub body: Box<dyn FnOnce() -> (Vec<u8>, Option<String>)>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Whom to ask.
pub trait Web {
    /// Asks for what is at an address. A redirect is an answer.
    fn get(&self, url: &str, accept: &str) -> Result<Answer, Error>;
}

/// The host.
pub struct Live;

impl Web for Live {
    fn get(&self, url: &str, accept: &str) -> Result<Answer, Error> {
        let invalid = || Error::invalid("the address is no http or https URL");
        let (scheme, rest) = url.split_once("://").ok_or_else(invalid)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(invalid()),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let headers = Fields::from_list(&[("accept".into(), accept.into())]).map_err(|_| invalid())?;
        let request = OutgoingRequest::new(headers);
        let set = request.set_scheme(Some(&scheme)).and_then(|()| request.set_authority(Some(authority)));
        set.and_then(|()| request.set_path_with_query(Some(path))).map_err(|()| invalid())?;
        let answer = handle(request, None).map_err(told)?;
        answer.subscribe().block();
        match answer.get() {
            Some(Ok(Ok(response))) => Ok(read(response)),
            Some(Ok(Err(error))) => Err(told(error)),
            _ => Err(Error::other("there is no answer")),
        }
    }
}

fn read(response: IncomingResponse) -> Answer {
    let text = |(name, value): (String, Vec<u8>)| (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned());
    let headers = response.headers().entries().into_iter().map(text).collect();
    Answer { status: response.status(), headers, body: Box::new(move || body(&response)) }
}

fn body(response: &IncomingResponse) -> (Vec<u8>, Option<String>) {
    let mut all = Vec::new();
    let Ok(body) = response.consume() else { return (all, None) };
    let Ok(stream) = body.stream() else { return (all, None) };
    loop {
        match stream.blocking_read(PIECE) {
            Ok(piece) => all.extend(piece),
            Err(StreamError::Closed) => return (all, None),
            Err(StreamError::LastOperationFailed(error)) => {
                return (all, Some(broken(&error)));
            }
        }
    }
}

/// Why a body broke off. Not every host has a code for that; words they have.
fn broken(error: &IoError) -> String {
    let words = || {
        let words = error.to_debug_string();
        let first = words.lines().next().unwrap_or_default();
        first.strip_prefix("internal error: ").unwrap_or(first).to_owned()
    };
    http_error_code(error).map_or_else(words, |error| told(error).message)
}

/// The host's words, where it has some.
fn told(error: HttpError) -> Error {
    match error {
        HttpError::InternalError(Some(text)) => Error::other(text),
        error => Error::other(format!("the page can't be had: {error:?}")),
    }
}
