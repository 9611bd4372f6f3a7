//! The listeners of all parts, taken before anything is told of them: nothing can take an address between its choice and
//! its use.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use rand::Rng;
use tokio::net::TcpListener;

use crate::options::Options;

/// Below the range that the system hands out to outgoing connections (32768 on Linux): a client that tries again and again
/// to reach a port there, after its server has ended, may in the end be connected with itself.
const FREE_PORTS: std::ops::Range<u16> = 20_000..32_000;
const TRIES_MAX: usize = 200;

/// One bound listener for each part.
pub struct Listeners {
    pub collector: TcpListener,
    pub internal: TcpListener,
    pub stream_jobs: TcpListener,
    pub studio: TcpListener,
    pub shop: TcpListener,
    pub kafka: TcpListener,
    pub registry: TcpListener,
}

impl Listeners {
    /// Takes the ports that the options name; for the others their default, or any free one.
    pub async fn bind(options: &Options) -> Result<Self> {
        let listener = async |name, option, wanted: Option<u16>, default| match wanted {
            None if options.free_ports => any().await.with_context(|| format!("{name} cannot listen")),
            wanted => on(wanted.unwrap_or(default)).await.with_context(|| {
                format!("{name} needs a port of its own: name another one by {option}, or use --free-ports")
            }),
        };
        Ok(Self {
            collector: listener("the collector", "--collector-port", options.collector_port, 8080).await?,
            internal: listener("the collector's metrics", "--internal-port", options.internal_port, 8081).await?,
            stream_jobs: listener("the stream job's metrics", "--stream-jobs-port", options.stream_jobs_port, 8082)
                .await?,
            studio: listener("the studio", "--studio-port", options.studio_port, 8090).await?,
            shop: listener("the shop", "--shop-port", options.shop_port, 8091).await?,
            kafka: listener("the embedded broker", "--kafka-port", options.kafka_port, 9092).await?,
            registry: listener("the registry", "--registry-port", options.registry_port, 8085).await?,
        })
    }
}

async fn on(port: u16) -> Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// On any free loopback port. Several processes may choose at once: at random, and the one that has it bound has it.
async fn any() -> Result<TcpListener> {
    for _ in 0..TRIES_MAX {
        let port = rand::rng().random_range(FREE_PORTS);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            bound => return bound.with_context(|| format!("cannot listen on port {port}")),
        }
    }
    bail!("no free loopback port between {} and {}", FREE_PORTS.start, FREE_PORTS.end)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::options::CommandLine;

    async fn bind(arguments: &[&str]) -> Result<Listeners> {
        let words = ["standalone", "--free-ports"].iter().chain(arguments);
        Listeners::bind(&CommandLine::parse_from(words).system).await
    }

    fn port(listener: &TcpListener) -> u16 {
        listener.local_addr().unwrap().port()
    }

    #[tokio::test]
    async fn every_address_that_is_told_is_taken_already() {
        let listeners = bind(&[]).await.unwrap();
        let Listeners { collector, internal, stream_jobs, studio, shop, kafka, registry } = &listeners;
        for taken in [collector, internal, stream_jobs, studio, shop, kafka, registry] {
            assert!(FREE_PORTS.contains(&port(taken)));
            let second = TcpListener::bind(taken.local_addr().unwrap()).await;
            assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
        }
    }

    #[tokio::test]
    async fn a_named_port_wins_over_a_free_one_and_is_refused_by_name_when_it_is_taken() {
        let first = any().await.unwrap();
        let named = port(&first).to_string();
        let refused = format!("{:#}", bind(&["--studio-port", &named]).await.err().unwrap());
        assert!(refused.contains("the studio") && refused.contains("--studio-port"), "{refused}");
        assert!(refused.contains(&named), "{refused}");
        drop(first);
        let listeners = bind(&["--studio-port", &named]).await.unwrap();
        assert_eq!(port(&listeners.studio).to_string(), named);
    }
}
