// Networks of rounded weights, run forwards.
"use strict";
/* exported networks, halves */

/** The bytes of a base64 text. */
const bytesOf = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

/** A half float (IEEE 754 binary16). */
const half = bits => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return exponent === 31 ? (fraction ? Number.NaN : sign * Infinity) : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** The half floats of a base64 text, little-endian. */
const halves = text => {
  const bytes = bytesOf(text);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => half(bytes[2 * i] | (bytes[2 * i + 1] << 8)));
};

const networks = (() => {
  const sigmoid = x => 1 / (1 + Math.exp(-x));
  const cut = (x, low, high) => Math.max(low, Math.min(high, x));
  const softplus = x => (x > 20 ? x : Math.log1p(Math.exp(x)));
  /** The normal distribution function, by Abramowitz and Stegun's 7.1.26, to 1.5e-7. */
  const normal = x => {
    const z = Math.abs(x) / Math.SQRT2;
    const t = 1 / (1 + 0.3275911 * z);
    const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const erf = 1 - series * Math.exp(-z * z);
    return 0.5 * (1 + Math.sign(x) * erf);
  };
  const activations = {
    relu: x => Math.max(0, x),
    sigmoid,
    tanh: Math.tanh,
    leaky_relu: x => (x > 0 ? x : 0.01 * x),
    gelu: x => x * normal(x),
    gelu_approximate: x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    silu: x => x * sigmoid(x),
    mish: x => x * Math.tanh(softplus(x)),
    elu: x => (x > 0 ? x : Math.expm1(x)),
    celu: x => (x > 0 ? x : Math.expm1(x)),
    selu: x => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    prelu: (x, slope) => (x > 0 ? x : slope * x),
    relu6: x => cut(x, 0, 6),
    softplus,
    softsign: x => x / (1 + Math.abs(x)),
    log_sigmoid: x => -softplus(-x),
    hard_sigmoid: x => cut(0.2 * x + 0.5, 0, 1),
    hard_swish: x => x * cut(x / 6 + 0.5, 0, 1),
    hard_tanh: x => cut(x, -1, 1),
    thresholded_relu: x => (x > 1 ? x : 0),
    hard_shrink: x => (Math.abs(x) > 0.5 ? x : 0),
    soft_shrink: x => x - cut(x, -0.5, 0.5),
    tanh_shrink: x => x - Math.tanh(x),
    step: x => (x >= 0 ? 1 : 0),
    identity: x => x,
  };

  /** The layers of a network with their numbers. */
  const read = ({ layers, bits, numbers }) => {
    const bytes = bytesOf(numbers);
    let at = 0;
    const take = () => {
      at += 2;
      return half(bytes[at - 2] | (bytes[at - 1] << 8));
    };
    return layers.map(layer => {
      const { inputs, outputs } = layer;
      const weights = new Float32Array(inputs * outputs);
      if (bits === 16) {
        for (let i = 0; i < weights.length; i++) weights[i] = take();
      } else {
        const steps = Float32Array.from({ length: outputs }, take);
        for (let i = 0; i < weights.length; i++) weights[i] = ((bytes[at++] << 24) >> 24) * steps[i % outputs];
      }
      const biases = layer.bias ? Float32Array.from({ length: outputs }, take) : new Float32Array(outputs);
      return { ...layer, weights, biases };
    });
  };

  /** The outputs for one input. */
  const forward = (layers, input) =>
    layers.reduce((x, { inputs, outputs, weights, biases, activation, slope }) => {
      const sums = Float64Array.from(biases);
      for (let i = 0; i < inputs; i++) {
        if (x[i] === 0) continue;
        for (let j = 0; j < outputs; j++) sums[j] += x[i] * weights[i * outputs + j];
      }
      return sums.map(sum => activations[activation](sum, slope));
    }, input);

  const softmax = row => {
    const largest = Math.max(...row);
    const powers = [...row].map(z => Math.exp(z - largest));
    const total = powers.reduce((a, b) => a + b, 0);
    return powers.map(power => power / total);
  };

  return { read, forward, softmax };
})();
