//! burn-flex's tensors as slices of numbers, and back.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;

/// The tensor, in a buffer of just its own numbers in row-major order; the same one where it is so already.
pub fn whole(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let count = tensor.layout().num_elements();
    let is_whole = tensor.layout().is_contiguous() && tensor.storage::<f32>().len() == count;
    if is_whole { tensor } else { tensor.to_contiguous() }
}

/// The numbers of a [`whole`] tensor.
pub fn numbers(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.storage()
}

/// A new tensor.
pub fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(values, shape))
}

/// The dimensions of a tensor of rank 3.
pub fn dims(tensor: &FloatTensor<Flex>) -> [usize; 3] {
    let shape = tensor.layout().shape();
    [shape[0], shape[1], shape[2]]
}
