//! The flags of `kindling autoencoder`, and those that `kindling report` shares with it.

use clap::Args;

use super::RunFlags;
use crate::report::figures::autoencoder::InterpolationEnds;

/// The strip of pictures from one code to another.
#[derive(Debug, Clone, Args)]
pub struct StripFlags {
    /// Ends of the strip: two classes such as 3,8, or two test images such as @17,@42 [default: the first two classes]
    #[arg(long, value_name = "A,B")]
    pub between: Option<InterpolationEnds>,
    /// Images of the strip
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=64))]
    pub steps: u16,
}

/// `kindling autoencoder`
#[derive(Debug, Args)]
pub struct AutoencoderArgs {
    /// Numbers in the code
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub latent: usize,
    /// Widths from image to code, mirrored on the way back [default: 512,256,128]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    pub hidden: Option<Vec<usize>>,
    /// Layers on each side, 1 to 5, whose widths shrink by one factor from image to code
    #[arg(long, value_name = "N", conflicts_with = "hidden")]
    pub depth: Option<usize>,
    /// What is minimised: mse or bce
    #[arg(long, default_value = "mse", value_name = "NAME")]
    pub loss: String,
    /// Noise added to the training inputs, and undone on test images: a standard deviation, or a probability
    #[arg(long, default_value_t = 0.0, value_name = "LEVEL", allow_negative_numbers = true)]
    pub noise: f64,
    /// What the noise does: gaussian (clipped to 0 to 1), salt-pepper or mask
    #[arg(long, default_value = "gaussian", value_name = "NAME")]
    pub noise_kind: String,
    /// Neighbours that vote on a test image's class
    #[arg(long, short, default_value_t = 5, value_name = "N")]
    pub k: usize,
    /// What the strip of pictures shows.
    #[command(flatten)]
    pub strip: StripFlags,
    /// Seeds, 0 to N-1
    #[arg(long, short = 'r', visible_alias = "runs", default_value_t = 4, value_name = "N")]
    pub seeds: u64,
    /// Trainings at a time [default: one a core on the CPU, one on a GPU]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// What every training takes.
    #[command(flatten)]
    pub run: RunFlags,
}
