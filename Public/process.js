import * as api from "./api.js";
import { bringIntoSight, byID } from "./dom.js";
import { shortID } from "./gallery.js";
import { currentPicture } from "./store.js";

/**
 * Sets up the processing panel, which creates and stores the processed version of a picture for /predict.
 *
 * @param {import("./store.js").Store} store
 * @param {import("./queue.js").PictureQueue} queue
 * @param {(message: string) => void} announce
 */
export function setUpProcessing(store, queue, announce) {
  const panel = byID("process");
  const form = byID("process-form");
  const predict = byID("predict");
  /** The picture that the panel processes. */
  let imageID = null;
  /** The stored version and its steps. */
  let processed = null;
  let isBusy = false;
  const before = new Figure(byID("before"));
  const after = new Figure(byID("after"));

  function showState() {
    const isCurrent = processed !== null && JSON.stringify(stepsOf(form)) === JSON.stringify(processed.steps);
    predict.disabled = !isCurrent;
    byID("scale-value").textContent = Number(form.scale.value).toFixed(2);
    form.scale.style.setProperty("--fill", `${((form.scale.value - 0.25) / 0.75) * 100}%`);
    byID("after").classList.toggle("stale", processed !== null && !isCurrent);
    if (processed && !isCurrent) byID("process-note").textContent = "The steps changed. Process again to apply them.";
    else if (processed) byID("process-note").textContent = "Stored. /predict uses this version.";
    else byID("process-note").textContent = "";
  }

  function startOver(id) {
    imageID = id;
    processed = null;
    form.reset();
    before.show(null);
    after.show(null);
    byID("process-title").textContent = `Process picture ${shortID(id)}`;
    showState();
  }

  store.subscribe(["pictures", "currentID"], (state) => {
    const picture = currentPicture(state);
    const origin = picture?.origin;
    panel.hidden = !origin || origin.kind === "file";
    if (!origin || origin.kind === "file") return;
    if (origin.imageID !== imageID) startOver(origin.imageID);
    // The rest needs an original. Its bytes and size arrive after the picture itself.
    if (origin.kind !== "dataset") return;
    if (picture.blob) before.show(picture.blob);
    if (picture.answer) {
      const { width, height } = picture.answer;
      for (const [name, whole] of Object.entries({ x: 0, y: 0, w: width, h: height })) {
        form[`crop-${name}`].placeholder = String(whole);
      }
    }
  });

  form.addEventListener("input", showState);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const steps = stepsOf(form);
    const id = imageID;
    if (isBusy) return;
    // A flag, because disabling the button would lose the focus.
    isBusy = true;
    byID("process-problem").textContent = "";
    try {
      const blob = await api.process(id, steps);
      if (id !== imageID) return;
      processed = { steps, blob };
      await after.show(blob);
      announce(`Processed: ${after.size}.`);
    } catch (problem) {
      processed = null;
      after.show(null);
      byID("process-problem").textContent = problem.message;
    } finally {
      isBusy = false;
      showState();
    }
  });

  predict.addEventListener("click", () => {
    if (!processed) return;
    const { blob, steps } = processed;
    queue.add([{ name: `${shortID(imageID)} processed`, origin: { kind: "processed", imageID, steps }, blob }]);
    bringIntoSight(byID("stage"));
  });
}

/** Returns the form's steps, omitting those that have no effect. */
function stepsOf(form) {
  /** @type {import("./api.js").Steps} */
  const steps = {};
  const fields = ["x", "y", "w", "h"].map((name) => form[`crop-${name}`]);
  if (fields.some(({ value }) => value !== "")) {
    // Empty fields default to their placeholders, which describe the full picture.
    const [x, y, width, height] = fields.map(({ value, placeholder }) => Number(value || placeholder));
    steps.crop = { x, y, width, height };
  }
  if (form.rotate.value !== "0") steps.rotate = Number(form.rotate.value);
  if (form.flip.value) steps.flip = form.flip.value;
  if (Number(form.scale.value) !== 1) steps.scaling_factor = Number(form.scale.value);
  if (form.grayscale.checked) steps.grayscale = true;
  return steps;
}

/** A picture with its size as a caption. */
class Figure {
  #url = "";
  #blob = null;

  constructor(figure) {
    this.figure = figure;
    this.image = figure.querySelector("img");
    this.caption = figure.querySelector(".size");
  }

  get size() {
    return this.caption.textContent;
  }

  /** @param {Blob|null} blob */
  async show(blob) {
    if (blob === this.#blob) return;
    this.#blob = blob;
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = blob ? URL.createObjectURL(blob) : "";
    this.image.hidden = !blob;
    this.caption.textContent = "";
    if (!blob) return this.image.removeAttribute("src");
    this.image.src = this.#url;
    await this.image.decode().catch(() => undefined);
    this.caption.textContent = `${this.image.naturalWidth} × ${this.image.naturalHeight} px`;
  }
}
