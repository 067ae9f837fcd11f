//! The flags of `kindling autoencoder`, and those of the interpolation strip, which `kindling report` has as well.

use clap::Args;

use super::RunFlags;
use crate::report::figures::autoencoder::InterpolationEnds;

/// The interpolation strip: images decoded from codes on the line between two codes.
#[derive(Debug, Clone, Args)]
pub struct InterpolationFlags {
    /// Ends of the interpolation: two classes such as 3,8, or two test images such as @17,@42 [default: the first two
    /// classes]
    #[arg(long, value_name = "A,B")]
    pub between: Option<InterpolationEnds>,
    /// Images of the interpolation, both ends included
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=64))]
    pub steps: u16,
}

/// `kindling autoencoder`
#[derive(Debug, Args)]
pub struct AutoencoderArgs {
    /// Size of the code
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub latent: usize,
    /// Hidden widths of the encoder; the decoder has them in reverse [default: 512,256,128]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    pub hidden: Option<Vec<usize>>,
    /// Layers of the encoder, 1 to 5, whose widths shrink by a constant factor from image to code
    #[arg(long, value_name = "N", conflicts_with = "hidden")]
    pub depth: Option<usize>,
    /// Loss: mse or bce
    #[arg(long, default_value = "mse", value_name = "NAME")]
    pub loss: String,
    /// Level of the noise on training inputs, and on the test images to be denoised: a standard deviation, or a
    /// probability
    #[arg(long, default_value_t = 0.0, value_name = "LEVEL", allow_negative_numbers = true)]
    pub noise: f64,
    /// Kind of noise: gaussian (clipped to 0 to 1), salt-pepper or mask
    #[arg(long, default_value = "gaussian", value_name = "NAME")]
    pub noise_kind: String,
    /// Nearest neighbours whose majority classifies a test image
    #[arg(long, short, default_value_t = 5, value_name = "N")]
    pub k: usize,
    /// The interpolation strip.
    #[command(flatten)]
    pub interpolation: InterpolationFlags,
    /// Seeds, 0 to N-1
    #[arg(long, short = 'r', visible_alias = "runs", default_value_t = 4, value_name = "N")]
    pub seeds: u64,
    /// Trainings at a time [default: as many as cores on the CPU, one on a GPU]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// The flags of every command that trains.
    #[command(flatten)]
    pub run: RunFlags,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}
