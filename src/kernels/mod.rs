//! What the CPU does in one pass where Burn's plain operations take many, by Burn's backend extension.
//!
//! In: tensors of burn-flex. Out: the same numbers that Burn's operations give, sooner. Who calls these asks [`runs_on`]
//! first and uses Burn's own operations on any other backend.

mod update;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, ExtensionType, Flex, backend_extension};
use burn::tensor::{Device, Tensor};

pub use update::{Rule, TINY, Update};

/// What an optimizer remembers of a parameter, as its rule has it.
#[derive(ExtensionType)]
pub enum Moments<B: Backend> {
    /// Nothing.
    None,
    /// One number for each of the parameter's.
    One(FloatTensor<B>),
    /// Two.
    Two(FloatTensor<B>, FloatTensor<B>),
}

/// A parameter and what is remembered of it, a step later.
#[derive(ExtensionType)]
pub struct Updated<B: Backend> {
    /// The parameter.
    pub parameter: FloatTensor<B>,
    /// What is remembered.
    #[extension_type]
    pub moments: Moments<B>,
}

/// The operations.
#[backend_extension(Flex)]
pub trait Kernels: Backend {
    /// An optimizer's step; all tensors are of one shape, and written in place where nobody else holds them.
    fn update(
        update: Update,
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        #[extension_type] moments: Moments<Self>,
    ) -> Updated<Self>;
}

impl Kernels for Flex {
    fn update(
        update: Update,
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mut moments: Moments<Self>,
    ) -> Updated<Self> {
        let mut parameter = whole(parameter);
        let gradient = whole(gradient);
        let (first, second): (&mut [f32], &mut [f32]) = match &mut moments {
            Moments::None => (&mut [], &mut []),
            Moments::One(first) => (first.storage_mut(), &mut []),
            Moments::Two(first, second) => (first.storage_mut(), second.storage_mut()),
        };
        update.apply(parameter.storage_mut(), gradient.storage(), first, second);
        Updated { parameter, moments }
    }
}

/// The tensor, in a buffer of just its own numbers in row-major order; the same one where it is so already.
fn whole(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let count = tensor.layout().num_elements();
    let is_whole = tensor.layout().is_contiguous() && tensor.storage::<f32>().len() == count;
    if is_whole { tensor } else { tensor.to_contiguous() }
}

/// Whether tensors of this device have the kernels.
pub fn runs_on(device: &Device) -> bool {
    *device == Device::flex() || *device == Device::flex().autodiff()
}

/// One step of a parameter, without autodiff; `moments` are as many as the rule remembers.
pub fn update<const D: usize>(
    update: Update,
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Moments<Dispatch>,
) -> (Tensor<D>, Moments<Dispatch>) {
    let updated = <Dispatch as Kernels>::update(update, parameter.into_dispatch(), gradient.into_dispatch(), moments);
    (Tensor::from_dispatch(updated.parameter), updated.moments)
}

impl Moments<Dispatch> {
    /// `count` zeros for each number of `parameter`, two at most.
    pub fn zeros<const D: usize>(count: usize, parameter: &Tensor<D>) -> Self {
        let zeros = || parameter.zeros_like().into_dispatch();
        match count {
            0 => Self::None,
            1 => Self::One(zeros()),
            _ => Self::Two(zeros(), zeros()),
        }
    }
}
