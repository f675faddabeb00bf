//! Shell: the flags of `floorwalker-shop`. Read by `main` only.

use std::net::SocketAddr;

use clap::Parser;
use shop::{Config, Series};

/// A stand-in for Odoo 16 to 19 with one database per tenant, for tests and demonstrations.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The series to speak: 16, 17, 18 or 19.
    #[arg(long, default_value = "18")]
    series: Series,
    /// A database; repeat for several. Its journey user is `synthetic` with the password `synthetic-NAME`.
    #[arg(long = "database", value_name = "NAME", required = true)]
    databases: Vec<String>,
}

impl Args {
    /// What they ask for.
    pub(crate) fn config(self) -> Config {
        let Self { listen, series, databases } = self;
        Config { listen, series, databases }
    }
}
