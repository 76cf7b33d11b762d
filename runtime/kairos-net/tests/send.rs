//! Against a server on this machine that misbehaves.
#![allow(missing_docs)]

use async_trait::async_trait;
use kairos_net::{Allow, Egress, Ledger, Net, NetError, Post, Reach, Timeouts};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Book {
    entries: Mutex<Vec<(Egress, Option<String>)>>,
    full: bool,
}

#[async_trait]
impl Ledger for Book {
    async fn begin(&self, egress: Egress) -> Result<u64, String> {
        if self.full {
            return Err("the disk is full".into());
        }
        let mut entries = self.entries.lock().unwrap();
        entries.push((egress, None));
        Ok(entries.len() as u64 - 1)
    }

    async fn end(&self, id: u64, outcome: &str, received: u64) {
        self.entries.lock().unwrap()[id as usize].1 = Some(format!("{outcome} ({received})"));
    }
}

/// Answers each connection; what was asked is kept.
fn serve(answer: impl Fn(&mut TcpStream) + Send + 'static) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0u8; 4096];
            let n = stream.read(&mut buffer).unwrap_or(0);
            kept.lock().unwrap().push(String::from_utf8_lossy(&buffer[..n]).into_owned());
            answer(&mut stream);
        }
    });
    (port, asked)
}

const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(5), read: Duration::from_millis(700), total: Duration::from_secs(2) };

fn net(reach: Reach, book: &Arc<Book>) -> Net {
    let allow = Allow::default().host("localhost", reach).host("127.0.0.1", reach);
    Net::new(allow, TIMEOUTS, book.clone())
}

fn post(url: String) -> Post {
    Post {
        url,
        headers: vec![("x-a".into(), "b".into())],
        body: b"hello".to_vec(),
        why: "3".into(),
        redacted: 1,
        max_answer: 1000,
    }
}

#[tokio::test]
async fn what_is_sent_is_on_record_and_never_without() {
    let (port, asked) = serve(|s| s.write_all(b"HTTP/1.1 204 No Content\r\nx-b: c\r\n\r\n").unwrap());
    let book = Arc::new(Book::default());
    let answer = net(Reach::Anywhere, &book).post(post(format!("http://localhost:{port}/secret-path"))).await.unwrap();
    assert_eq!((answer.status, answer.header("x-b")), (204, Some("c")));
    let request = asked.lock().unwrap()[0].to_lowercase();
    assert!(request.starts_with("post /secret-path") && request.contains("x-a: b") && request.ends_with("hello"), "{request}");
    let (egress, outcome) = book.entries.lock().unwrap()[0].clone();
    assert_eq!((egress.to, egress.why.as_str(), egress.redacted), (format!("http://localhost:{port}"), "3", 1));
    assert_eq!(egress.body, b"hello");
    assert_eq!(egress.hash, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_eq!(outcome.as_deref(), Some("204 (0)"));

    let full = Arc::new(Book { full: true, ..Book::default() });
    let error = net(Reach::Anywhere, &full).post(post(format!("http://localhost:{port}/"))).await.unwrap_err();
    assert!(matches!(&error, NetError::Ledger(_)) && error.is_passing(), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 1, "nothing was sent");
}

#[tokio::test]
async fn only_what_is_allowed_and_private_addresses_only_where_the_user_named_them() {
    let (port, asked) = serve(|_| ());
    let book = Arc::new(Book::default());
    let net = net(Reach::Public, &book);
    // However the address is written, and whatever name leads there.
    for host in ["localhost", "127.0.0.1", "127.1", "0x7f000001", "LOCALHOST"] {
        let error = net.post(post(format!("http://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(error, NetError::Private(_)), "{host}: {error}");
        assert!(!error.is_passing());
    }
    for url in [format!("http://[::1]:{port}/"), format!("http://127.0.0.2:{port}/"), "http://example.org/".into()] {
        assert!(matches!(net.post(post(url.clone())).await.unwrap_err(), NetError::NotAllowed(_)), "{url}");
    }
    for url in ["file:///etc/passwd", "ftp://localhost/", "localhost", "http://"] {
        assert_eq!(net.post(post(url.into())).await.unwrap_err(), NetError::Url, "{url}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_a_huge_answer_is_cut() {
    let book = Arc::new(Book::default());
    let (elsewhere, asked) = serve(|_| ());
    let (port, _) = serve(move |s| {
        write!(s, "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{elsewhere}/\r\n\r\n").unwrap();
    });
    let net = net(Reach::Anywhere, &book);
    let answer = net.post(post(format!("http://localhost:{port}/"))).await.unwrap();
    assert_eq!(answer.status, 307);
    assert!(answer.header("location").unwrap().contains("127.0.0.1"));
    assert!(asked.lock().unwrap().is_empty());

    let (port, _) = serve(|s| {
        let _ = s.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while s.write_all(&[b'x'; 65536]).is_ok() {}
    });
    let answer = net.post(post(format!("http://localhost:{port}/"))).await.unwrap();
    assert_eq!((answer.status, answer.body.len(), answer.complete), (200, 1000, false));

    let (port, _) = serve(|s| s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf").unwrap());
    let answer = net.post(post(format!("http://localhost:{port}/"))).await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.complete), (&b"half"[..], false));
    let (port, _) = serve(|s| s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhalf").unwrap());
    assert!(net.post(post(format!("http://localhost:{port}/"))).await.unwrap().complete);
}

#[tokio::test]
async fn every_wait_ends() {
    let book = Arc::new(Book::default());
    let net = net(Reach::Anywhere, &book);
    let (silent, _) = serve(|_| std::thread::sleep(Duration::from_secs(30)));
    let begin = Instant::now();
    let error = net.post(post(format!("http://localhost:{silent}/"))).await.unwrap_err();
    assert!(matches!(error, NetError::Timeout(..)) && begin.elapsed() < Duration::from_secs(3), "{error}");
    // A byte now and then keeps the connection busy, not us.
    let (dripping, _) = serve(|s| {
        for byte in b"HTTP/1.1 200 OK\r\nx-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
            if s.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let begin = Instant::now();
    let error = net.post(post(format!("http://localhost:{dripping}/"))).await.unwrap_err();
    assert!(matches!(error, NetError::Timeout(..)) && begin.elapsed() < Duration::from_secs(3), "{error}");
    let (hung_up, _) = serve(|_| ());
    let error = net.post(post(format!("http://localhost:{hung_up}/path"))).await.unwrap_err();
    assert!(matches!(error, NetError::Broken(..)) && error.is_passing(), "{error}");
    assert!(!error.to_string().contains("path"), "{error}");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = net.post(post(format!("http://localhost:{nobody}/"))).await.unwrap_err();
    assert!(matches!(error, NetError::Connect(..)), "{error}");
    // What answers there does not speak TLS.
    let (plain, _) = serve(|s| s.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap());
    let error = net.post(post(format!("https://localhost:{plain}/"))).await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    let outcomes: Vec<_> = book.entries.lock().unwrap().iter().map(|(_, outcome)| outcome.clone().unwrap()).collect();
    assert_eq!(outcomes.len(), 5, "each try is on record with how it ended: {outcomes:?}");
}

/// Says these, with a rest in between, and hangs up.
fn pieces(said: &'static [&'static str], rest: Duration) -> u16 {
    let (port, _) = serve(move |s| {
        let _ = s.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        for piece in said {
            let _ = s.write_all(piece.as_bytes());
            std::thread::sleep(rest);
        }
    });
    port
}

#[tokio::test]
async fn an_answer_is_read_as_it_comes() {
    let book = Arc::new(Book::default());
    let open = async |port| net(Reach::Anywhere, &book).open(post(format!("http://localhost:{port}/"))).await.unwrap();
    let outcome = || book.entries.lock().unwrap().last().unwrap().1.clone();

    let begin = Instant::now();
    let mut answer = open(pieces(&["one", "two"], Duration::from_millis(300))).await;
    assert_eq!(answer.piece().await.unwrap().unwrap(), b"one");
    assert!(begin.elapsed() < Duration::from_millis(300) && outcome().is_none());
    assert_eq!(answer.piece().await.unwrap().unwrap(), b"two");
    assert_eq!(answer.piece().await.unwrap(), None);
    assert_eq!(outcome().as_deref(), Some("200 (6)"));

    // The first piece may come late, the second no later than is said.
    let (late, _) = serve(|s| {
        let _ = s.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        std::thread::sleep(Duration::from_millis(1000));
        let _ = s.write_all(b"one");
        std::thread::sleep(Duration::from_secs(5));
    });
    let mut answer = open(late).await;
    assert_eq!(answer.piece().await.unwrap().unwrap(), b"one");
    let error = answer.piece().await.unwrap_err();
    assert!(matches!(&error, NetError::Timeout(_, wait) if *wait == TIMEOUTS.read), "{error}");
    assert!(outcome().unwrap().starts_with("200, then localhost did not answer within"), "{:?}", outcome());

    // A piece now and then.
    let mut answer = open(pieces(&["."; 100], Duration::from_millis(100))).await;
    let begin = Instant::now();
    let error = loop {
        match answer.piece().await {
            Ok(piece) => assert!(piece.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, NetError::Timeout(_, wait) if *wait == TIMEOUTS.total), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(3));

    // Whoever no longer wants it goes away; that is on record, too.
    let mut answer = open(pieces(&["one", "two"], Duration::from_millis(500))).await;
    answer.piece().await.unwrap();
    drop(answer);
    while outcome().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(outcome().as_deref(), Some("200, given up (3)"));
}
