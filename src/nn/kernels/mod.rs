//! Fused CPU kernels for operations that take several passes over memory by Burn's own, added by Burn's backend
//! extension.
//!
//! In: 32-bit tensors of burn-flex. Out: the results of Burn's own operations, to the last bit if the C library is
//! glibc. A caller asks `support` first and uses Burn's operations for any other tensor.

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

use flex::{as_slice, contiguous};
pub use update::{TINY, Update};

/// An optimizer's state for one parameter: as many tensors of the parameter's shape as its rule has moments.
#[derive(ExtensionType)]
pub enum Moments<B: Backend> {
    /// A rule without state.
    None,
    /// Such as the velocity of momentum.
    One(FloatTensor<B>),
    /// Such as the first and second moment of Adam.
    Two(FloatTensor<B>, FloatTensor<B>),
}

/// The result of an optimizer's step on one parameter.
#[derive(ExtensionType)]
pub struct Updated<B: Backend> {
    /// The new value.
    pub parameter: FloatTensor<B>,
    /// The new state.
    #[extension_type]
    pub moments: Moments<B>,
}

/// Operations without a gradient.
#[backend_extension(Flex)]
pub trait PlainOps: Backend {
    /// An optimizer's step. All tensors have the same shape; parameter and moments are written in place if no other
    /// tensor shares their memory.
    fn update(
        update: Update,
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        #[extension_type] moments: Moments<Self>,
    ) -> Updated<Self>;
    /// The number of correct predictions of each replica: outputs and targets `[R, B, out]` to `[R]`. A prediction is
    /// correct if its largest output has the index of its largest target, the first of equal ones.
    fn correct(outputs: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Operations with a gradient.
#[backend_extension(Flex, Autodiff)]
pub trait DifferentiableOps: Backend {
    /// `x W + b`: `x [R, B, in]`, weights `[R, in, out]`, biases `[R, 1, out]` to `[R, B, out]`.
    fn linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;
    /// `1 / (1 + e^-x)` of each number. Not named `sigmoid`, because the backend has a function of that name.
    fn logistic(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// The loss of each replica: outputs and targets `[R, B, out]` to `[R]`. Targets have no gradient.
    fn loss(kind: loss::LossKind, outputs: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl PlainOps for Flex {
    fn update(
        update: Update,
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mut moments: Moments<Self>,
    ) -> Updated<Self> {
        let mut parameter = contiguous(parameter);
        let gradient = contiguous(gradient);
        let (first, second): (&mut [f32], &mut [f32]) = match &mut moments {
            Moments::None => (&mut [], &mut []),
            Moments::One(first) => (first.storage_mut(), &mut []),
            Moments::Two(first, second) => (first.storage_mut(), second.storage_mut()),
        };
        update.apply(parameter.storage_mut(), as_slice(&gradient), first, second);
        Updated { parameter, moments }
    }

    fn correct(outputs: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self> {
        loss::correct(outputs, targets)
    }
}

impl DifferentiableOps for Flex {
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

impl<C: CheckpointStrategy> DifferentiableOps for Autodiff<Flex, C> {
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

/// Whether there are kernels for this device: it is burn-flex.
pub(crate) fn support_device(device: &Device) -> bool {
    // The comparison ignores whether autodiff is on.
    *device == Device::flex()
}

/// Whether there are kernels for this tensor: it is on burn-flex and has 32-bit floats.
pub(crate) fn support<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32 && support_device(&tensor.device())
}

/// [`PlainOps::update`].
pub fn update<const D: usize>(
    update: Update,
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Moments<Dispatch>,
) -> (Tensor<D>, Moments<Dispatch>) {
    let updated = <Dispatch as PlainOps>::update(update, parameter.into_dispatch(), gradient.into_dispatch(), moments);
    (Tensor::from_dispatch(updated.parameter), updated.moments)
}

impl Moments<Dispatch> {
    /// The state before the first step: `count` tensors of zeros, at most two, of the shape of `parameter`.
    pub fn zeros<const D: usize>(count: usize, parameter: &Tensor<D>) -> Self {
        let zeros = || parameter.zeros_like().into_dispatch();
        match count {
            0 => Self::None,
            1 => Self::One(zeros()),
            _ => Self::Two(zeros(), zeros()),
        }
    }
}

/// [`PlainOps::correct`].
pub fn correct(outputs: Tensor<3>, targets: Tensor<3>) -> Tensor<1> {
    let [outputs, targets] = [outputs, targets].map(|tensor| tensor.inner().into_dispatch());
    Tensor::from_dispatch(<Dispatch as PlainOps>::correct(outputs, targets))
}

/// [`DifferentiableOps::linear`].
pub fn linear(x: Tensor<3>, weight: Tensor<3>, bias: Tensor<3>) -> Tensor<3> {
    let y = <Dispatch as DifferentiableOps>::linear(x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(y)
}

/// [`DifferentiableOps::logistic`].
pub fn sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as DifferentiableOps>::logistic(x.into_dispatch()))
}

/// [`DifferentiableOps::loss`].
pub fn loss(kind: loss::LossKind, outputs: Tensor<3>, targets: Tensor<3>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as DifferentiableOps>::loss(kind, outputs.into_dispatch(), targets.into_dispatch()))
}
