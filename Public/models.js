import * as api from "./api.js";
import { byID, element } from "./dom.js";

/**
 * The model chooser.
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
      chooser.replaceChildren(element("option", {}, "not known"));
    } finally {
      isLoading = false;
    }
  }

  chooser.addEventListener("change", () => {
    // A class's number means another one in another model.
    store.update({ model: chooser.value, classes: new Set() });
    for (const { id, state } of store.state.pictures) if (state === "done") queue.again(id);
  });
  store.subscribe(["pictures"], ({ pictures, models }) => {
    // The service, or a key for it, may come late: an answer says that it is there.
    if (models.length === 0 && !isLoading && pictures.some(({ answer }) => answer)) load();
  });
  load();
}
