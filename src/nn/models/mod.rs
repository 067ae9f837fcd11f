//! The networks, each a Burn module that holds a *stack* of R replicas.
//!
//! In: a configuration and one seed for each replica. Out: a module whose parameters have the replica as their first
//! dimension, and whose forward pass never mixes replicas.

pub(crate) mod activation;
pub(crate) mod autoencoder;
pub(crate) mod init;
pub mod linear;
pub(crate) mod mlp;
pub(crate) mod network;

pub use activation::ActivationKind;
pub use autoencoder::{Autoencoder, AutoencoderConfig, AutoencoderOutput};
pub use init::{BiasInit, Init, LayerInit};
pub use mlp::{LayerShape, Mlp, MlpConfig};
pub use network::{Network, NetworkConfig};
