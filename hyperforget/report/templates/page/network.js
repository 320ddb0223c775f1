// Main networks in plain JavaScript: how their parameters are stored, and what they make of an image.

// The numbers of a text in base64, little-endian, of 16 or 32 bits each.
function decodeNumbers(text, bits) {
  const { buffer } = decodeBytes(text);
  return bits === 32 ? new Float32Array(buffer) : Float32Array.from(new Uint16Array(buffer), fromHalf);
}

function decodeBytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// A number of IEEE 754 binary16, from its bits.
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -14 * (fraction / 1024);
}

// Logits of one network for a normalised image, row by row with channels last. `tensors` are weight and bias of each
// layer, flat.
function logits(layout, tensors, image) {
  let units = image;
  let layer = 0;
  if (layout.kind === "convolutional") {
    for (; layer < layout.channels.length; layer++) units = convolve(layout, layer, tensors, units);
    units = meanOverPositions(units, layout.channels.at(-1));
  }
  for (; 2 * layer < tensors.length; layer++) {
    const last = 2 * layer + 2 === tensors.length;
    units = linear(tensors[2 * layer], tensors[2 * layer + 1], units, last ? (value) => value : relu);
  }
  return units;
}

function relu(value) {
  return Math.max(0, value);
}

function linear(weight, bias, units, activation) {
  return Array.from(bias, (start, row) => {
    let sum = start;
    for (let column = 0; column < units.length; column++) sum += weight[row * units.length + column] * units[column];
    return activation(sum);
  });
}

// One convolution with ReLU, of a square kernel over an image with a border of zeros; units keep their channels last.
function convolve(layout, layer, tensors, units) {
  const { kernel, stride } = layout;
  const padding = (kernel - 1) >> 1;
  let [height, width, inputs] = layout.image;
  for (let before = 0; before < layer; before++) {
    [height, width] = [steps(height), steps(width)];
    inputs = layout.channels[before];
  }
  const [weight, bias] = [tensors[2 * layer], tensors[2 * layer + 1]];
  const found = [];
  for (let y = 0; y < steps(height); y++) {
    for (let x = 0; x < steps(width); x++) {
      for (let output = 0; output < bias.length; output++) found.push(relu(bias[output] + at(output, y, x)));
    }
  }
  return found;

  function steps(side) {
    return Math.floor((side + 2 * padding - kernel) / stride) + 1;
  }

  function at(output, y, x) {
    let sum = 0;
    for (let input = 0; input < inputs; input++) {
      for (let down = 0; down < kernel; down++) {
        const row = y * stride + down - padding;
        if (row < 0 || row >= height) continue;
        for (let across = 0; across < kernel; across++) {
          const column = x * stride + across - padding;
          if (column < 0 || column >= width) continue;
          const place = ((output * inputs + input) * kernel + down) * kernel + across;
          sum += weight[place] * units[(row * width + column) * inputs + input];
        }
      }
    }
    return sum;
  }
}

function meanOverPositions(units, channels) {
  const means = new Array(channels).fill(0);
  units.forEach((unit, place) => { means[place % channels] += (unit * channels) / units.length; });
  return means;
}

// Probabilities of logits.
function softmax(values) {
  const highest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
