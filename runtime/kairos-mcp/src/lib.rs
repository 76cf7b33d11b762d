//! The Model Context Protocol (<https://modelcontextprotocol.io>), by its official SDK: [`server`] offers what we know to other
//! agents, [`client`] calls what other programs offer.

pub mod client;
pub mod server;
