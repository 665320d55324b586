import { classColor } from "./colors.js";
import { byID, element } from "./dom.js";
import { SELECTION, found } from "./selection.js";
import { currentPicture } from "./store.js";

/**
 * Sets up the class filter.
 *
 * @param {import("./store.js").Store} store
 */
export function setUpChips(store) {
  const container = byID("classes");
  byID("all-classes").addEventListener("click", () => {
    store.update({ classes: new Set() });
    container.querySelector("button")?.focus();
  });
  store.subscribe(SELECTION, (state) => {
    showChips(container, found(currentPicture(state), state), store);
  });
}

/** Shows a chip for each detected or selected class. */
function showChips(container, all, store) {
  const { classes } = store.state;
  /** @type {Map<number, {name: string, count: number}>} */
  const counts = new Map();
  for (const { class_id: classID, class: name } of all) {
    counts.set(classID, { name, count: (counts.get(classID)?.count ?? 0) + 1 });
  }
  const focused = container.querySelector("button:focus")?.dataset.class ?? null;
  for (const chip of container.children) {
    const classID = Number(chip.dataset.class);
    // Keep chips of selected classes that are no longer detected.
    if (classes.has(classID) && !counts.has(classID)) counts.set(classID, { name: chip.dataset.name, count: 0 });
  }
  const sorted = [...counts].sort(([first, a], [second, b]) => b.count - a.count || first - second);
  container.replaceChildren(
    ...sorted.map(([classID, { name, count }]) => {
      const swatch = element("span", { class: "swatch" });
      swatch.style.backgroundColor = classColor(classID);
      const toggle = () => {
        const chosen = new Set(store.state.classes);
        if (!chosen.delete(classID)) chosen.add(classID);
        store.update({ classes: chosen });
      };
      return element(
        "button",
        {
          type: "button",
          class: "chip",
          "data-class": String(classID),
          "data-name": name,
          "aria-pressed": String(classes.has(classID)),
          click: toggle,
        },
        swatch,
        element("span", { class: "name" }, name),
        element("span", { class: "count" }, String(count)),
      );
    }),
  );
  byID("classes-section").hidden = sorted.length === 0;
  byID("all-classes").hidden = classes.size === 0;
  if (focused !== null) container.querySelector(`[data-class="${CSS.escape(focused)}"]`)?.focus();
}
