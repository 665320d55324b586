import { byID, element } from "./dom.js";

/** Corners of a zone, as the service allows. */
export const FEWEST = 3;
const MOST = 100;
const MOST_ZONES = 32;
const MOST_IN_ALL = 200;

/**
 * Sets up the options that determine what the service searches: the size of the network's input, slices, and zones, which
 * are drawn on the picture or written as JSON.
 *
 * @param {import("./store.js").Store} store
 * @param {import("./queue.js").PictureQueue} queue
 * @param {(message: string) => void} announce
 */
export function setUpZones(store, queue, announce) {
  const size = byID("size");
  size.addEventListener("change", () => {
    store.update({ size: Number(size.value) || null });
    queue.allAgain();
  });
  const slices = byID("slices");
  slices.addEventListener("click", () => {
    store.update({ slices: !store.state.slices });
    queue.allAgain();
  });
  store.subscribe(["slices"], (state) => slices.setAttribute("aria-pressed", String(state.slices)));
  store.subscribe(["models", "model"], ({ models, model }) => {
    const isFixed = models.find(({ name }) => name === model)?.resizable === false;
    size.disabled = isFixed;
    if (!isFixed || !store.state.size) return;
    size.value = "";
    store.update({ size: null });
  });

  function change(zones) {
    store.update({ zones, draft: null });
    queue.allAgain();
  }

  byID("draw-zone").addEventListener("click", () => store.update({ draft: store.state.draft ? null : [] }));
  byID("only-zones").addEventListener("change", ({ target }) => store.update({ onlyZones: target.checked }));
  byID("finish-zone").addEventListener("click", finish);
  byID("marks").addEventListener("keydown", (event) => {
    if (!store.state.draft) return;
    if (event.key === "Enter") finish();
    else if (event.key === "Escape") store.update({ draft: null });
    else return;
    event.preventDefault();
  });

  function finish() {
    const { draft, zones } = store.state;
    if (!draft || draft.length < FEWEST) return announce("A zone needs at least three corners.");
    if (Object.keys(zones).length === MOST_ZONES) return announce("There are as many zones as possible.");
    if (cornersOf(zones) + draft.length > MOST_IN_ALL) return announce(`Zones have ${MOST_IN_ALL} corners at most.`);
    let number = 1;
    while (zones[`zone ${number}`]) number += 1;
    announce(`Zone ${number} added.`);
    change({ ...zones, [`zone ${number}`]: draft });
  }

  store.subscribe(["draft"], ({ draft }) => {
    byID("draw-zone").setAttribute("aria-pressed", String(draft !== null));
    byID("zone-help").hidden = draft === null;
    byID("finish-zone").hidden = (draft?.length ?? 0) < FEWEST;
  });
  store.subscribe(["zones"], ({ zones }) => {
    const names = Object.keys(zones);
    byID("zone-list").replaceChildren(
      ...names.map((name) =>
        element("li", {}, element("button", { type: "button", class: "chip", click: () => remove(name) }, `${name} ×`)),
      ),
    );
    for (const [index, chip] of [...byID("zone-list").querySelectorAll("button")].entries()) {
      chip.setAttribute("aria-label", `Remove ${names[index]}`);
    }
    byID("only-zones-box").hidden = names.length === 0;
    byID("zones-json").value = names.length > 0 ? JSON.stringify(zones) : "";
    byID("zones-problem").textContent = "";
    if (names.length > 0) return;
    byID("only-zones").checked = false;
    store.update({ onlyZones: false });
  });

  function remove(name) {
    const { [name]: _, ...rest } = store.state.zones;
    change(rest);
  }

  byID("zones-json").addEventListener("change", ({ target }) => {
    try {
      change(parsed(target.value));
    } catch (error) {
      byID("zones-problem").textContent = error.message;
    }
  });
  byID("copy-zones").addEventListener("click", async () => {
    const text = byID("zones-json");
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
      announce("Copied.");
    } catch {
      announce("Press Ctrl+C to copy the selected text.");
    }
  });
}

const cornersOf = (zones) => Object.values(zones).reduce((sum, points) => sum + points.length, 0);

/** Adds a corner to the zone that is being drawn. */
export function addCorner(store, [x, y]) {
  const { draft } = store.state;
  if (!draft || draft.length === MOST) return;
  const share = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;
  store.update({ draft: [...draft, /** @type {import("./store.js").Point} */ ([share(x), share(y)])] });
}

/**
 * Reads zones as the page writes them: corners in shares of the picture.
 *
 * @param {string} text
 * @returns {import("./store.js").Zones}
 */
export function parsed(text) {
  if (text.trim() === "") return {};
  let zones;
  try {
    zones = JSON.parse(text);
  } catch {
    throw new Error("This is not JSON.");
  }
  if (typeof zones !== "object" || zones === null || Array.isArray(zones)) throw new Error("Zones are an object.");
  const isCorner = (point) => Array.isArray(point) && point.length === 2 && point.every((value) => value >= 0 && value <= 1);
  for (const [name, points] of Object.entries(zones)) {
    if (!Array.isArray(points) || points.length < FEWEST || points.length > MOST || !points.every(isCorner)) {
      throw new Error(`${name} needs 3 to 100 corners [x, y], from 0 to 1.`);
    }
  }
  if (Object.keys(zones).length > MOST_ZONES) throw new Error(`At most ${MOST_ZONES} zones are possible.`);
  if (cornersOf(zones) > MOST_IN_ALL) throw new Error(`Zones have ${MOST_IN_ALL} corners at most.`);
  return zones;
}
