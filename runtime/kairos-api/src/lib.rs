//! The control API over a unix socket: types, client, server.
