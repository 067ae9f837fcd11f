//! The networks, each a Burn module holding a *stack* of R replicas.
//!
//! In: a configuration of plain numbers and one seed a replica. Out: a module whose parameters carry the
//! replica as their first dimension, and whose forward pass never mixes replicas.

pub mod activation;
pub mod autoencoder;
pub mod init;
pub mod linear;
pub mod mlp;
pub mod network;

pub use activation::ActivationKind;
pub use autoencoder::{Autoencoder, AutoencoderConfig};
pub use init::Init;
pub use mlp::{Mlp, MlpConfig};
pub use network::{Network, NetworkConfig};
