// Files that the page makes of what it holds.

function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function button(text, does, label = text) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", does);
  return made;
}

// A safetensors file, as stages of the workflow write it: `tensors` are {name, shape, bytes}, `metadata` texts.
function safetensors(tensors, metadata, dtype) {
  const sorted = [...tensors].sort((one, other) => (one.name < other.name ? -1 : 1));
  const header = { __metadata__: sortedKeys(metadata) };
  let at = 0;
  for (const { name, shape, bytes } of sorted) {
    header[name] = { data_offsets: [at, at + bytes.length], dtype, shape };
    at += bytes.length;
  }
  const text = ascii(JSON.stringify(sortedKeys(header)));
  const padded = new TextEncoder().encode(text + " ".repeat((8 - (text.length % 8)) % 8));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(padded.length), true);
  return new Blob([length, padded, ...sorted.map(({ bytes }) => bytes)]);
}

// Keys such as "0" would come first by themselves; names of tensors have a dot.
function sortedKeys(object) {
  return Object.fromEntries(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function ascii(text) {
  return text.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
