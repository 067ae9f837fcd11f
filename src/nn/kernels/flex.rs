//! Tensors of burn-flex as slices of 32-bit floats, and back.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;

/// The same tensor in a buffer that holds exactly its elements in row-major order; copied only if it is a view or
/// strided.
pub fn contiguous(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let count = tensor.layout().num_elements();
    let is_contiguous = tensor.layout().is_contiguous() && tensor.storage::<f32>().len() == count;
    if is_contiguous { tensor } else { tensor.to_contiguous() }
}

/// The elements of a [`contiguous`] tensor.
pub fn as_slice(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.storage()
}

/// A tensor of this shape from its elements in row-major order.
pub fn from_vec<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(values, shape))
}

/// The shape of a tensor of rank 3.
pub fn dims(tensor: &FloatTensor<Flex>) -> [usize; 3] {
    let shape = tensor.layout().shape();
    [shape[0], shape[1], shape[2]]
}
