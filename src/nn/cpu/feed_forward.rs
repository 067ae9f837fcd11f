//! The forward and the backward pass of one network on the CPU.
//!
//! In: a batch of inputs, dense or without their zeros. Out: outputs `[B, out]`, and the gradients of all parameters, which
//! are handed over layer by layer, last to first, so that a layer can be updated before the next gradient is made.

use std::ops::Range;

use super::activation;
use super::aligned::Aligned;
use super::product::{self, Matrix, Panels};
use super::simd::vectorised;
use super::sparse::{self, Columns};
use crate::data::SparseBatch;
use crate::nn::models::ActivationKind;

/// A chain of linear layers, each with an activation: an MLP, or an encoder and its decoder.
#[derive(Debug, Clone)]
pub struct FeedForward {
    /// First to last.
    pub layers: Vec<Layer>,
}

/// A linear layer and the activation after it.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Width of the input.
    pub inputs: usize,
    /// Width of the output.
    pub outputs: usize,
    /// `[inputs, outputs]`, row-major.
    pub weight: Aligned,
    /// `[outputs]`; `None` for a layer without bias.
    pub bias: Option<Vec<f32>>,
    /// Applied to the sums.
    pub activation: ActivationKind,
    /// The slope of a PReLU that learns it.
    pub slope: Option<f32>,
    /// Its number among the hidden layers, from 0; `None` for a layer that dropout does not apply to.
    pub hidden: Option<usize>,
}

/// The inputs of a batch.
#[derive(Debug, Clone)]
pub enum Inputs<'a> {
    /// `[B, in]`, row-major.
    Dense(Vec<f32>),
    /// Images without their zeros.
    Sparse(SparseBatch<'a>),
}

impl Inputs<'_> {
    /// The inputs with their zeros, `[B, in]`, row-major.
    pub fn into_dense(self) -> Vec<f32> {
        match self {
            Self::Dense(values) => values,
            Self::Sparse(batch) => batch.dense(),
        }
    }
}

/// What a forward pass leaves for a backward pass. It is kept from batch to batch, so that no memory is asked for anew.
#[derive(Debug, Default)]
pub struct Pass {
    layers: Vec<LayerPass>,
    columns: Columns,
    panels: Panels,
}

/// What a forward pass leaves of one layer, each `[B, outputs]`.
#[derive(Debug, Default)]
struct LayerPass {
    sums: Vec<f32>,
    outputs: Vec<f32>,
    /// The outputs times their dropout mask; empty without one.
    dropped: Vec<f32>,
    /// The gradient with respect to the outputs, then with respect to the sums.
    grad: Aligned,
}

/// The gradient of one layer's parameters.
#[derive(Debug)]
pub struct LayerGradient<'a> {
    inputs: LayerInputs<'a>,
    /// `[B, outputs]`: with respect to the layer's sums.
    grad: &'a [f32],
    outputs: usize,
    /// With respect to the slope of a PReLU.
    pub slope: f32,
}

#[derive(Debug)]
enum LayerInputs<'a> {
    /// The inputs transposed, and the gradient with respect to the sums.
    Dense(Matrix<'a>, &'a Panels),
    Sparse(&'a Columns, &'a [f32; 256]),
}

impl FeedForward {
    /// Outputs `[B, out]` of a batch of `count` examples. `masks` `[B, width]` are those of the hidden layers, first to last; none
    /// means no dropout.
    pub fn forward<'p>(&self, inputs: &Inputs, count: usize, masks: &[Vec<f32>], pass: &'p mut Pass) -> &'p [f32] {
        pass.layers.resize_with(self.layers.len(), LayerPass::default);
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, own) = pass.layers.split_at_mut(index);
            let own = &mut own[0];
            own.sums.resize(count * layer.outputs, 0.0);
            own.outputs.resize(count * layer.outputs, 0.0);
            let weight = Matrix::new(&layer.weight, layer.inputs, layer.outputs);
            let bias = layer.bias.as_deref();
            let dense = |x: &[f32], sums: &mut [f32]| {
                product::multiply_and_add(Matrix::new(x, count, layer.inputs), weight, bias, sums);
            };
            match (before.last(), inputs) {
                (Some(before), _) => dense(before.dropped(), &mut own.sums),
                (None, Inputs::Dense(x)) => dense(x, &mut own.sums),
                (None, Inputs::Sparse(batch)) => {
                    sparse::multiply_and_add(batch, &layer.weight, layer.outputs, bias, &mut own.sums);
                }
            }
            activation::forward(layer.activation, layer.slope, &own.sums, &mut own.outputs);
            own.dropped.clear();
            if let Some(mask) = layer.mask(masks) {
                own.dropped.extend_from_slice(&own.outputs);
                multiply_by(&mut own.dropped, mask);
            }
        }
        pass.layers.last().map_or(&[], LayerPass::dropped)
    }

    /// The gradients of the layers from the last to layer `lowest`, for the batch whose forward pass `pass` is from. `loss` writes
    /// the gradient with respect to the outputs, and `visit` is given each layer with its gradient and may change it.
    pub fn backward(
        &mut self,
        batch: (&Inputs, usize, &[Vec<f32>]),
        pass: &mut Pass,
        lowest: usize,
        loss: impl FnOnce(&[f32], &mut [f32]),
        mut visit: impl FnMut(usize, &mut Layer, &LayerGradient),
    ) {
        let (inputs, count, masks) = batch;
        if let Some(last) = pass.layers.last_mut() {
            last.grad.resize(last.outputs.len());
            loss(&last.outputs, &mut last.grad);
        }
        for index in (lowest..self.layers.len()).rev() {
            let layer = &mut self.layers[index];
            let (before, own) = pass.layers.split_at_mut(index);
            let own = &mut own[0];
            if let Some(mask) = layer.mask(masks) {
                multiply_by(&mut own.grad, mask);
            }
            let slope = layer.slope.map_or(0.0, |_| activation::slope_gradient(&own.sums, &own.grad));
            activation::backward(layer.activation, layer.slope, &own.sums, &own.outputs, &mut own.grad);
            let grad = Matrix::new(&own.grad, count, layer.outputs);
            let inputs = match (before.last_mut(), inputs) {
                (Some(before), _) => {
                    if index > lowest {
                        before.grad.resize(count * layer.inputs);
                        let weight = Matrix::new(&layer.weight, layer.inputs, layer.outputs);
                        product::multiply(grad, weight.transposed(), &mut before.grad);
                    }
                    pass.panels.take(grad);
                    let before = Matrix::new(before.dropped(), count, layer.inputs);
                    LayerInputs::Dense(before.transposed(), &pass.panels)
                }
                (None, Inputs::Dense(x)) => {
                    pass.panels.take(grad);
                    LayerInputs::Dense(Matrix::new(x, count, layer.inputs).transposed(), &pass.panels)
                }
                (None, Inputs::Sparse(batch)) => {
                    pass.columns.take(batch);
                    LayerInputs::Sparse(&pass.columns, batch.numbers)
                }
            };
            visit(index, layer, &LayerGradient { inputs, grad: &own.grad, outputs: layer.outputs, slope });
        }
    }

    /// The first layer that a gradient reaches: the one after the last Heaviside step, whose derivative is 0.
    pub fn lowest_reached(&self) -> usize {
        self.layers.iter().rposition(|layer| layer.activation == ActivationKind::Step).map_or(0, |index| index + 1)
    }
}

impl Layer {
    /// The layer's own mask, if there are masks and it is hidden.
    fn mask<'a>(&self, masks: &'a [Vec<f32>]) -> Option<&'a [f32]> {
        masks.get(self.hidden?).map(Vec::as_slice)
    }
}

impl Pass {
    /// The sums and the outputs of a layer in the last forward pass, each `[B, outputs]`, the outputs before dropout.
    ///
    /// # Panics
    /// There is no such layer.
    pub fn sums_and_outputs(&self, layer: usize) -> (&[f32], &[f32]) {
        (&self.layers[layer].sums, &self.layers[layer].outputs)
    }
}

impl LayerPass {
    /// The outputs, after dropout if there was any.
    fn dropped(&self) -> &[f32] {
        if self.dropped.is_empty() { &self.outputs } else { &self.dropped }
    }
}

impl LayerGradient<'_> {
    /// Writes the gradient of some rows of the weights to `out` `[rows, outputs]`.
    ///
    /// # Panics
    /// There are no such rows, or `out` has another size.
    pub fn weight_rows(&self, rows: Range<usize>, out: &mut [f32]) {
        match &self.inputs {
            LayerInputs::Dense(x, grad) => product::multiply_rows(*x, rows, grad, out),
            LayerInputs::Sparse(columns, numbers) => columns.multiply_rows(rows, numbers, self.grad, self.outputs, out),
        }
    }

    /// Multiplications that the gradient of the weights takes, those with 0 included.
    pub fn multiplications(&self) -> usize {
        let inputs = match &self.inputs {
            LayerInputs::Dense(x, _) => x.rows(),
            LayerInputs::Sparse(columns, _) => columns.width(),
        };
        inputs * self.grad.len()
    }

    /// Whether an input is known to be 0 in every example, so that the gradient of its row of weights is 0.
    pub fn is_row_zero(&self, row: usize) -> bool {
        match self.inputs {
            LayerInputs::Dense(..) => false,
            LayerInputs::Sparse(columns, _) => columns.is_empty(row),
        }
    }

    /// The gradient of the biases, `[outputs]`: sums over the examples, in their order.
    pub fn bias(&self) -> Vec<f32> {
        let mut sums = vec![0.0f32; self.outputs];
        vectorised(
            #[inline(always)]
            || {
                for row in self.grad.chunks_exact(self.outputs) {
                    for (sum, grad) in sums.iter_mut().zip(row) {
                        *sum += grad;
                    }
                }
            },
        );
        sums
    }
}

fn multiply_by(values: &mut [f32], factors: &[f32]) {
    vectorised(
        #[inline(always)]
        || {
            for (value, factor) in values.iter_mut().zip(factors) {
                *value *= factor;
            }
        },
    );
}
