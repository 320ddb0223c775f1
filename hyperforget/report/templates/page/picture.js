// What is drawn as an image like those of a task: fitted into the box that its digits fill, centred, averaged down.

// Width of the pen, and room that a single dot takes, as shares of the box that digits fill.
const PEN = 0.125;
const SMALLEST = 0.3;
// Points of the fine picture for each pixel, in each direction.
const FINE = 8;

// Pixels of a drawing, in the unit of the dataset; strokes are lists of points [x, y] of any scale.
function pixelsOf(strokes, task) {
  if (!strokes.length) return new Array(task.image[0] * task.image[1]).fill(task.lowest);
  const fitted = fit(strokes, task);
  const shares = inked(fitted, [0, 0], task);
  return inked(fitted, towardsCentre(shares, fitted, task), task).map(
    (share) => task.lowest + share * (task.highest - task.lowest),
  );
}

// Strokes in pixels: their longer side fills the box, whose middle is that of the image.
function fit(strokes, { image: [height, width], extent }) {
  const points = strokes.flat();
  const [left, right] = range(points.map(([x]) => x));
  const [top, bottom] = range(points.map(([, y]) => y));
  const side = extent * Math.min(height, width);
  const longest = Math.max(right - left, bottom - top);
  const scale = (side * (1 - PEN)) / Math.max(longest, SMALLEST);
  const middle = [(left + right) / 2, (top + bottom) / 2];
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => [width / 2 + scale * (x - middle[0]), height / 2 + scale * (y - middle[1])]),
  );
}

function range(values) {
  return [Math.min(...values), Math.max(...values)];
}

// The share of each pixel that is inked.
function inked(strokes, [right, down], { image: [height, width], extent }) {
  const canvas = new OffscreenCanvas(width * FINE, height * FINE);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.scale(FINE, FINE);
  context.translate(right, down);
  drawStrokes(context, strokes, PEN * extent * Math.min(height, width));
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const shares = new Array(height * width).fill(0);
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const pixel = Math.floor(y / FINE) * width + Math.floor(x / FINE);
      shares[pixel] += data[4 * (y * canvas.width + x) + 3] / 255 / FINE ** 2;
    }
  }
  return shares;
}

function drawStrokes(context, strokes, pen) {
  context.lineWidth = pen;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(...stroke[0]);
    // A line to where it starts, so that a dot is drawn too.
    for (const point of stroke) context.lineTo(...point);
    context.stroke();
  }
}

// How far to move strokes until the mean position of ink is in the middle, but never out of the image.
function towardsCentre(shares, strokes, { image: [height, width], extent }) {
  const ink = shares.reduce((sum, share) => sum + share, 0) || 1;
  const mean = (position) => shares.reduce((sum, share, pixel) => sum + share * position(pixel), 0) / ink;
  const pen = (PEN * extent * Math.min(height, width)) / 2;
  const points = strokes.flat();
  return [
    [width, mean((pixel) => (pixel % width) + 0.5), range(points.map(([x]) => x))],
    [height, mean((pixel) => Math.floor(pixel / width) + 0.5), range(points.map(([, y]) => y))],
  ].map(([side, found, [low, high]]) =>
    Math.max(Math.min(0, pen - low), Math.min(side / 2 - found, Math.max(0, side - pen - high))),
  );
}
