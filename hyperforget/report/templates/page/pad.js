// The pad: a drawing or a test image, and what the original, the retrained and the unlearned network say of it.

function startPad(root, tasks) {
  const find = (name) => root.querySelector(`[data-pad="${name}"]`);
  const [canvas, preview] = ["canvas", "preview"].map(find);
  const menus = { task: find("task"), method: find("method"), forget: find("forget") };
  // `strokes` are what is drawn, in shares of the pad; `example` is the test image in their place, if there is one.
  const shown = { strokes: [], example: null, drawing: false };

  fill(menus.task, tasks.map(({ name }, place) => [place, name]).reverse());
  menus.task.addEventListener("change", chooseTask);
  menus.method.addEventListener("change", tell);
  menus.forget.addEventListener("change", tell);
  find("clear").addEventListener("click", () => show([], null));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(shown.strokes, shown.example));
  drawWith(canvas, shown, show);
  root.querySelectorAll("[data-network]").forEach((panel) => {
    panel.querySelector("button").addEventListener("click", () => download(task(), chosen()[panel.dataset.network]));
  });
  root.hidden = false;
  chooseTask();

  function task() {
    return tasks[menus.task.value];
  }

  function chooseTask() {
    fill(menus.method, task().methods.map(({ name, title }) => [name, title]));
    fill(menus.forget, task().forget.map(({ name, title, note }) => [name, note ? `${title}, ${note}` : title]));
    const examples = find("examples");
    examples.replaceChildren(
      ...task().labels.map((label) => button(label, () => nextExample(label), `a test image of ${label}`)),
    );
    nextExample(task().forget[0].classes[0]);
  }

  // The next test image of a class each time that it is asked for.
  function nextExample(label) {
    const images = task().examples[label];
    const place = shown.example?.label === label ? (shown.example.place + 1) % images.length : 0;
    show([], { label, place, pixels: exampleOf(task(), label, place) });
  }

  function chosen() {
    const forget = menus.forget.value;
    return {
      original: { method: "original", tensors: task().original },
      retrained: { method: "retrained", forget, tensors: task().networks.retrained?.[forget] },
      unlearned: { method: menus.method.value, forget, tensors: task().networks[menus.method.value][forget] },
    };
  }

  function show(strokes, example) {
    Object.assign(shown, { strokes, example });
    paint(canvas, shown, task());
    tell();
  }

  function tell() {
    const pixels = shown.example?.pixels ?? pixelsOf(shown.strokes, task());
    paintPixels(preview, pixels, task());
    const empty = !shown.example && !shown.strokes.length;
    const about = shown.example ? `a test image of ${shown.example.label}` : empty ? "nothing yet" : "your drawing";
    find("about").textContent = about;
    const image = pixels.map((pixel) => (pixel - task().mean) / task().std);
    const forgotten = task().forget.find(({ name }) => name === menus.forget.value);
    const titles = {
      original: ["Original", "trained on all classes"],
      retrained: ["Retrained", `without ${forgotten.title}`],
      unlearned: [menus.method.selectedOptions[0].textContent, `asked to forget ${forgotten.title}`],
    };
    for (const [name, network] of Object.entries(chosen())) {
      const panel = root.querySelector(`[data-network="${name}"]`);
      panel.hidden = !network.tensors;
      if (panel.hidden) continue;
      panel.querySelector("h3").textContent = titles[name][0];
      panel.querySelector(".about").textContent = titles[name][1];
      tellOf(panel, empty ? null : softmax(logits(task().layout, parametersOf(task(), network), image)), {
        labels: task().labels,
        forgotten: name === "original" ? [] : forgotten.classes,
      });
    }
  }
}

function fill(menu, choices) {
  const before = menu.value;
  menu.replaceChildren(...choices.map(([value, text]) => new Option(text, value)));
  if (choices.some(([value]) => String(value) === before)) menu.value = before;
  menu.closest("label").hidden = choices.length < 2;
}

function exampleOf({ examples, bits }, label, place) {
  const text = examples[label][place];
  return bits.examples === 8 ? Array.from(decodeBytes(text)) : Array.from(decodeNumbers(text, 32));
}

function parametersOf({ blobs, bits }, { tensors }) {
  return tensors.map((place) => decodeNumbers(blobs[place], bits.networks));
}

function download(task, { method, forget, tensors }) {
  const file = safetensors(
    tensors.map((place, index) => ({ ...task.tensors[index], bytes: decodeBytes(task.blobs[place]) })),
    { ...task.metadata, method, ...(forget ? { forget } : {}) },
    `F${task.bits.networks}`,
  );
  save(`${task.name}-${method}${forget ? `-forget-${forget}` : ""}.safetensors`, file, "application/octet-stream");
}

// Strokes follow the mouse, a pen or a finger.
function drawWith(canvas, shown, show) {
  const point = ({ clientX, clientY }) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    shown.drawing = true;
    show([...shown.strokes, [point(event)]], null);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!shown.drawing) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) shown.strokes.at(-1).push(point(each));
    show(shown.strokes, null);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { shown.drawing = false; });
}

function paint(canvas, { strokes, example }, task) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (example) paintPixels(canvas, example.pixels, task);
  context.save();
  context.strokeStyle = colourOf(canvas);
  context.scale(canvas.width, canvas.height);
  drawStrokes(context, strokes, 0.07);
  context.restore();
}

// An image in the colour of the text; what is not inked is left to the background.
function paintPixels(canvas, pixels, { image: [height, width], lowest, highest }) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colourOf(canvas);
  const [down, across] = [canvas.height / height, canvas.width / width];
  pixels.forEach((pixel, place) => {
    context.globalAlpha = Math.min(1, Math.max(0, (pixel - lowest) / (highest - lowest)));
    context.fillRect((place % width) * across, Math.floor(place / width) * down, across, down);
  });
  context.globalAlpha = 1;
}

function colourOf(canvas) {
  return getComputedStyle(canvas).color;
}

// The answer of one network in words, and the probability of each class as a bar.
function tellOf(panel, probabilities, { labels, forgotten }) {
  const best = probabilities && probabilities.indexOf(Math.max(...probabilities));
  const says = panel.querySelector(".says");
  says.textContent = probabilities ? `${labels[best]}, ${percent(probabilities[best])}` : "nothing";
  says.classList.toggle("wrong", best !== null && forgotten.includes(labels[best]));
  panel.querySelector("ol").replaceChildren(
    ...labels.map((label, place) => {
      const line = document.createElement("li");
      const probability = probabilities?.[place] ?? 0;
      line.dataset.probability = probability;
      line.classList.toggle("forgotten", forgotten.includes(label));
      line.classList.toggle("best", place === best);
      const [name, bar, share] = ["name", "bar", "share"].map((kind) => {
        const part = document.createElement("span");
        part.className = kind;
        return part;
      });
      name.textContent = label;
      if (forgotten.includes(label)) name.title = "to be forgotten";
      bar.style.setProperty("--share", `${100 * probability}%`);
      share.textContent = probabilities ? percent(probability) : "";
      line.append(name, bar, share);
      return line;
    }),
  );
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
