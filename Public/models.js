import * as api from "./api.js";
import { byID, element } from "./dom.js";

/**
 * Sets up the model selector.
 *
 * @param {import("./store.js").Store} store
 * @param {import("./queue.js").PictureQueue} queue
 */
export function setUpModels(store, queue) {
  const chooser = byID("model");
  let isLoading = false;

  async function load() {
    isLoading = true;
    try {
      const { default: model, models } = await api.models();
      chooser.replaceChildren(
        ...models.map(({ name }) => element("option", { value: name, selected: name === model }, name)),
      );
      store.update({ models, model });
    } catch {
      chooser.replaceChildren(element("option", {}, "Unavailable"));
    } finally {
      isLoading = false;
    }
  }

  chooser.addEventListener("change", () => {
    // Class ids differ between models, so the class filter is reset.
    store.update({ model: chooser.value, classes: new Set() });
    for (const { id, state } of store.state.pictures) if (state === "done") queue.again(id);
  });
  store.subscribe(["pictures"], ({ pictures, models }) => {
    // The service or its key may have been unavailable at first; an answer shows that it is available now.
    if (models.length === 0 && !isLoading && pictures.some(({ answer }) => answer)) load();
  });
  load();
}
