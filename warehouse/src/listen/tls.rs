//! TLS by rustls, from the first byte of a connection or in the middle of one that began without.

use std::fmt::{Debug, Formatter};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// The server's certificate and key.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Debug for Tls {
    fn fmt(&self, text: &mut Formatter<'_>) -> std::fmt::Result {
        text.write_str("Tls")
    }
}

impl Tls {
    /// From files in PEM: the certificate with those that it rests on, and its key. `protocol` is what a client may ask for by name
    /// (ALPN).
    ///
    /// # Errors
    /// When a file cannot be read, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path, protocol: Option<&str>) -> anyhow::Result<Self> {
        let named = |path: &Path| format!("cannot use {} for TLS", path.display());
        let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.with_context(|| named(certificate))?;
        let secret = PrivateKeyDer::from_pem_file(key).with_context(|| named(key))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS")?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .with_context(|| named(certificate))?;
        config.alpn_protocols = protocol.into_iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.0.accept(stream).await
    }
}
