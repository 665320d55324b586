import { thumbnail } from "./bitmaps.js";
import { isPending } from "./queue.js";
import { byID, counted, element, focusNext } from "./dom.js";
import { SELECTION, shown } from "./selection.js";

const THUMBNAIL_SIDE = 112;

/**
 * Sets up the filmstrip, which shows the pictures and their progress if there are at least two.
 *
 * @param {import("./store.js").Store} store
 * @param {import("./queue.js").PictureQueue} queue
 */
export function setUpFilmstrip(store, queue) {
  const list = byID("frames");
  /** @type {Map<number, ReturnType<typeof makeFrame>>} */
  const frames = new Map();

  byID("cancel-all").addEventListener("click", () => {
    queue.cancelAll();
    focusNext(byID("clear"));
  });
  byID("clear").addEventListener("click", () => {
    for (const { id } of store.state.pictures) queue.remove(id);
    focusNext(byID("choose"));
  });

  store.subscribe(SELECTION, (state) => {
    const { pictures, currentID } = state;
    byID("filmstrip").hidden = pictures.length < 2;
    const ids = new Set(pictures.map(({ id }) => id));
    for (const [id, frame] of frames) {
      if (ids.has(id)) continue;
      frame.item.remove();
      frames.delete(id);
    }
    for (const picture of pictures) {
      let frame = frames.get(picture.id);
      if (!frame) {
        frame = makeFrame(picture, store, queue);
        frames.set(picture.id, frame);
        list.append(frame.item);
      }
      frame.show(picture, picture.id === currentID, state);
    }

    const finished = pictures.filter((picture) => !isPending(picture.state)).length;
    const isBusy = finished < pictures.length;
    byID("progress").max = Math.max(1, pictures.length);
    byID("progress").value = finished;
    byID("progress-text").textContent = isBusy
      ? `${finished} of ${pictures.length} finished`
      : counted(pictures.length, "picture");
    byID("progress").classList.toggle("quiet", !isBusy);
    byID("cancel-all").hidden = !isBusy;
    byID("clear").hidden = isBusy;
  });
}

function makeFrame(picture, store, queue) {
  const { id } = picture;
  const image = element("span", { class: "thumb", "aria-hidden": "true" });
  const name = element("span", { class: "name" });
  const badge = element("span", { class: "badge" });
  const select = element(
    "button",
    { type: "button", class: "frame", click: () => store.update({ currentID: id }) },
    image,
    name,
    badge,
  );
  const remove = element(
    "button",
    {
      type: "button",
      class: "remove",
      click: () => {
        const neighbour = item.nextElementSibling ?? item.previousElementSibling;
        queue.remove(id);
        focusNext(neighbour?.querySelector(".remove"), byID("close"), byID("choose"));
      },
    },
    "×",
  );
  const item = element("li", {}, select, remove);
  let isDrawn = false;

  return {
    item,
    show(latest, isCurrent, state) {
      if (isCurrent) select.setAttribute("aria-current", "true");
      else select.removeAttribute("aria-current");
      item.dataset.state = latest.state;
      name.textContent = shortened(latest.name);
      name.title = latest.name;
      remove.setAttribute("aria-label", `Remove ${latest.name}`);
      badge.textContent = badgeText(latest, shown(latest, state).length);
      if (latest.blob && !isDrawn && latest.state !== "waiting") {
        isDrawn = true;
        thumbnail(latest.blob, THUMBNAIL_SIDE).then((canvas) => canvas && image.replaceChildren(canvas));
      }
    },
  };
}

/** Shortens a name in the middle: names from cameras and data sets differ at their ends. */
const shortened = (name) => (name.length > 13 ? `${name.slice(0, 3)}…${name.slice(-9)}` : name);

function badgeText({ state, wait }, count) {
  switch (state) {
    case "waiting": return "Waiting";
    case "working": return "Detecting";
    case "retrying": return `Busy, retry in ${wait} s`;
    case "failed": return "Failed";
    case "cancelled": return "Cancelled";
    default: return counted(count, "object");
  }
}
