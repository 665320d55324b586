import * as api from "./api.js";
import { byID, element } from "./dom.js";

const PAGE = 24;
const EXAMPLES = 3;

/**
 * Sets up the gallery of the service's pictures, which loads page by page.
 *
 * @param {(imageID: string) => void} onPick
 */
export function setUpGallery(onPick) {
  const list = byID("gallery-list");
  const more = byID("more");
  const note = byID("gallery-note");
  let cursor;
  let turn = 0;

  async function load(source, focusFirst) {
    const ownTurn = ++turn;
    more.disabled = true;
    try {
      const isFirst = cursor === undefined;
      const page = await api.images(source, PAGE, cursor);
      // The other source may have been selected in the meantime.
      if (ownTurn !== turn) return;
      const items = page.images.map(({ id }) => element("li", {}, pictureButton(id, onPick)));
      list.append(...items);
      cursor = page.next;
      more.hidden = !cursor;
      note.textContent = list.children.length > 0 ? "" : emptyText(source);
      if (focusFirst) items[0]?.querySelector("button").focus();
      if (isFirst && source === "dataset") showExamples(page.images.map(({ id }) => id), onPick);
    } catch (problem) {
      if (ownTurn !== turn) return;
      note.textContent = problem.message;
      more.hidden = false;
    } finally {
      if (ownTurn === turn) more.disabled = false;
    }
  }

  const source = () => (byID("source-uploads").checked ? "uploads" : "dataset");
  const restart = () => {
    cursor = undefined;
    list.replaceChildren();
    load(source(), false);
  };

  more.addEventListener("click", () => load(source(), true));
  for (const input of document.querySelectorAll('input[name="source"]')) input.addEventListener("change", restart);
  restart();
}

const emptyText = (source) =>
  source === "dataset"
    ? "This service has no dataset."
    : "No uploads yet. Add pictures with POST /images.";

/** Shows a few examples spread over the page of results, because neighbouring pictures are often alike. */
function showExamples(ids, onPick) {
  if (ids.length === 0) return;
  const step = ids.length / EXAMPLES;
  const chosen = [...new Set(Array.from({ length: EXAMPLES }, (_, index) => ids[Math.floor((index + 0.5) * step)]))];
  byID("examples").replaceChildren(...chosen.map((id) => element("li", {}, pictureButton(id, onPick))));
  byID("examples-box").classList.add("ready");
}

function pictureButton(id, onPick) {
  const image = element("img", { alt: "", loading: "lazy", decoding: "async", width: "160", height: "120" });
  showPicture(image, id);
  return element(
    "button",
    { type: "button", class: "tile", "data-image": id, click: () => onPick(id) },
    image,
    element("span", { class: "name" }, element("span", { class: "visually-hidden" }, "Picture "), shortID(id)),
  );
}

/** Shortens an id: strips leading zeros from numbers, and truncates other ids. */
export const shortID = (id) => (/^\d+$/.test(id) ? id.replace(/^0+(?=\d)/, "") : id.slice(0, 12));

async function showPicture(image, id) {
  if (!api.hasKey()) {
    image.src = api.pictureAddress(id);
    return;
  }
  // An <img> element cannot send the API key.
  const seen = new IntersectionObserver(async (entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    seen.disconnect();
    const url = URL.createObjectURL(await api.picture(id).catch(() => new Blob()));
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.addEventListener("error", () => URL.revokeObjectURL(url), { once: true });
    image.src = url;
  });
  seen.observe(image);
}
