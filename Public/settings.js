import { byID } from "./dom.js";
import { currentPicture } from "./store.js";

/**
 * Sets up the sliders and switches that determine what is shown, and how.
 *
 * @param {import("./store.js").Store} store
 */
export function setUpSettings(store) {
  for (const name of ["confidence", "iou"]) {
    const slider = byID(name);
    const show = () => {
      const value = Number(slider.value);
      byID(`${name}-value`).textContent = value.toFixed(2);
      slider.style.setProperty("--fill", `${((value - slider.min) / (slider.max - slider.min)) * 100}%`);
      store.update({ [name]: value });
    };
    slider.addEventListener("input", show);
    // Browsers may restore the slider's value when the user returns to the page.
    show();
  }
  for (const name of /** @type {const} */ (["masks", "labels"])) {
    const button = byID(`show-${name}`);
    button.addEventListener("click", () => store.update({ [name]: !store.state[name] }));
    store.subscribe([name], (state) => button.setAttribute("aria-pressed", String(state[name])));
  }
  store.subscribe(["pictures", "currentID", "models"], (state) => {
    const model = currentPicture(state)?.answer?.model;
    // Detection models have no masks.
    byID("show-masks").hidden = state.models.find(({ name }) => name === model)?.task === "detect";
  });
}
