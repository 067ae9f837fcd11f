//! What the CPU does in one pass where Burn's plain operations take many, by Burn's backend extension.
//!
//! In: tensors of burn-flex. Out: the same numbers that Burn's operations give, sooner, and to the last bit wherever the C library's
//! exponential is glibc's. Who calls these asks [`take`] first and uses Burn's own operations on any other backend.

mod exponential;
mod flex;
mod linear;
pub mod loss;
pub mod product;
mod sigmoid;
mod update;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, ExtensionType, Flex, backend_extension};
use burn::tensor::{DType, Device, Tensor};

use flex::{numbers, whole};
pub use update::{TINY, Update};

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

/// What optimizers do, without autodiff.
#[backend_extension(Flex)]
pub trait Steps: Backend {
    /// An optimizer's step; all tensors are of one shape, and written in place where nobody else holds them.
    fn update(
        update: Update,
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        #[extension_type] moments: Moments<Self>,
    ) -> Updated<Self>;
    /// Right targets of each replica, `[R]`, of outputs and targets `[R, B, out]`.
    fn correct(outputs: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// What networks do, with autodiff or without.
#[backend_extension(Flex, Autodiff)]
pub trait Layers: Backend {
    /// `x W + b`: `x [R, B, in]`, weights `[R, in, out]`, biases `[R, 1, out]` to `[R, B, out]`.
    fn linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;
    /// `1 / (1 + e^-x)` of each number.
    fn logistic(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// The loss of each replica, `[R]`, of outputs and targets `[R, B, out]`; targets have no gradient.
    fn loss(kind: loss::LossKind, outputs: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Steps for Flex {
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
        update.apply(parameter.storage_mut(), numbers(&gradient), first, second);
        Updated { parameter, moments }
    }

    fn correct(outputs: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self> {
        loss::correct(outputs, targets)
    }
}

impl Layers for Flex {
    fn linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        linear::forward(x, weight, bias)
    }

    fn logistic(x: FloatTensor<Self>) -> FloatTensor<Self> {
        sigmoid::forward(x)
    }

    fn loss(kind: loss::LossKind, outputs: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self> {
        loss::forward(kind, outputs, targets)
    }
}

impl<C: CheckpointStrategy> Layers for Autodiff<Flex, C> {
    fn linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        linear::tracked::<C>(x, weight, bias)
    }

    fn logistic(x: FloatTensor<Self>) -> FloatTensor<Self> {
        sigmoid::tracked::<C>(x)
    }

    fn loss(kind: loss::LossKind, outputs: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self> {
        loss::tracked::<C>(kind, outputs, targets)
    }
}

/// Whether parameters on this device can be stepped in place.
pub fn run_on(device: &Device) -> bool {
    // Devices are compared without their autodiff.
    *device == Device::flex()
}

/// Whether this tensor can be given to the kernels: on burn-flex, in 32 bits.
pub fn take<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32 && run_on(&tensor.device())
}

/// One step of a parameter, without autodiff; `moments` are as many as the rule remembers.
pub fn update<const D: usize>(
    update: Update,
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Moments<Dispatch>,
) -> (Tensor<D>, Moments<Dispatch>) {
    let updated = <Dispatch as Steps>::update(update, parameter.into_dispatch(), gradient.into_dispatch(), moments);
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

/// [`Steps::correct`].
pub fn correct(outputs: Tensor<3>, targets: Tensor<3>) -> Tensor<1> {
    let [outputs, targets] = [outputs, targets].map(|tensor| tensor.inner().into_dispatch());
    Tensor::from_dispatch(<Dispatch as Steps>::correct(outputs, targets))
}

/// [`Layers::linear`].
pub fn linear(x: Tensor<3>, weight: Tensor<3>, bias: Tensor<3>) -> Tensor<3> {
    let y = <Dispatch as Layers>::linear(x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(y)
}

/// [`Layers::logistic`].
pub fn sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as Layers>::logistic(x.into_dispatch()))
}

/// [`Layers::loss`].
pub fn loss(kind: loss::LossKind, outputs: Tensor<3>, targets: Tensor<3>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as Layers>::loss(kind, outputs.into_dispatch(), targets.into_dispatch()))
}
