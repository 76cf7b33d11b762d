//! Signals that we get while a command runs: passed on to it, so that it decides what they mean.

use crate::run::Target;
use rustix::process::Signal;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Passes signals on until it is dropped.
pub(crate) struct Forward {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Forward {
    /// TERM and HUP are passed on, INT and QUIT too if `keyboard` (else they are swallowed); `resized` is called on WINCH.
    /// When this returns, no such signal ends our process any more.
    pub fn start(target: Arc<Target>, keyboard: bool, mut resized: impl FnMut() + Send + 'static) -> io::Result<Self> {
        let (stop, mut stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let thread = Builder::new().name("kairos-signals".into()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().build() {
                Ok(runtime) => runtime,
                Err(e) => return drop(ready.send(Err(e))),
            };
            runtime.block_on(async {
                let all = || {
                    Ok((
                        signal(SignalKind::window_change())?,
                        signal(SignalKind::terminate())?,
                        signal(SignalKind::hangup())?,
                        signal(SignalKind::interrupt())?,
                        signal(SignalKind::quit())?,
                    ))
                };
                let (mut winch, mut term, mut hup, mut int, mut quit) = match all() {
                    Ok(all) => all,
                    Err(e) => return drop(ready.send(Err(e))),
                };
                let _ = ready.send(Ok(()));
                loop {
                    tokio::select! {
                        _ = &mut stopped => return,
                        _ = winch.recv() => resized(),
                        _ = term.recv() => target.send(Signal::TERM),
                        _ = hup.recv() => target.send(Signal::HUP),
                        _ = int.recv() => if keyboard { target.send(Signal::INT) },
                        _ = quit.recv() => if keyboard { target.send(Signal::QUIT) },
                    }
                }
            });
        })?;
        is_ready.recv().unwrap_or_else(|_| Err(io::Error::other("the signal thread ended early")))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
