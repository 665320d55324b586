import * as api from "./api.js";
import { classColor } from "./colors.js";
import { byID, element } from "./dom.js";

const MOST_EVENTS = 40;

/** Sets up the list of events, newest first. */
export function setUpEventList() {
  const list = byID("events");
  /** Object URLs of pictures by their path; an object's events share one. */
  const pictures = new Map();

  async function show(image, path) {
    if (!pictures.has(path)) {
      pictures.set(path, api.eventPicture(path).then((blob) => URL.createObjectURL(blob)));
    }
    try {
      const url = await pictures.get(path);
      image.addEventListener("error", () => image.replaceWith(element("span", { class: "blank" })));
      image.src = url;
    } catch {
      pictures.delete(path);
      // Removed meanwhile, or the stream was.
      image.replaceWith(element("span", { class: "blank" }));
    }
  }

  function add(event) {
    if ([...list.children].some(({ dataset }) => dataset.event === key(event))) return;
    const image = element("img", { alt: "", width: "88", height: "50" });
    const name = element("b", {}, event.class);
    name.style.borderBottom = `0.1875rem solid ${classColor(event.class_id)}`;
    const moment = new Date(event.time * 1000);
    const item = element(
      "li",
      { "data-event": key(event), "data-id": event.id, "data-snapshot": event.snapshot },
      event.snapshot ? image : element("span", { class: "blank" }),
      element(
        "span",
        { class: "event-text" },
        element("span", {}, name, ` ${event.track} ${described(event)}`),
        element("span", { class: "quiet-text" }, `${event.stream} · `, element("time", { datetime: moment.toISOString() }, moment.toLocaleTimeString())),
      ),
    );
    // Some come with the list and some by themselves: their ids are times.
    const older = [...list.children].find(({ dataset }) => dataset.id < event.id);
    list.insertBefore(item, older ?? null);
    if (event.snapshot) show(image, event.snapshot);
    while (list.children.length > MOST_EVENTS) list.lastElementChild.remove();
    forgetPictures();
    byID("no-events").hidden = true;
  }

  /** Releases pictures that no event shows. */
  function forgetPictures() {
    const shown = new Set([...list.children].map(({ dataset }) => dataset.snapshot));
    for (const [path, url] of pictures) {
      if (shown.has(path)) continue;
      pictures.delete(path);
      url.then(URL.revokeObjectURL, () => {});
    }
  }

  return {
    add,
    /** Adds the last events of all streams. */
    async load() {
      for (const event of await api.recentEvents(MOST_EVENTS)) add(event);
    },
  };
}

const key = ({ stream, id }) => `${stream}/${id}`;

/** What happened, in words. */
function described({ event, age, entered, exited, crossed = {}, stayed = [] }) {
  const left = Object.keys(exited);
  switch (event) {
    case "appeared": return entered.length > 0 ? `appeared in ${entered.join(", ")}` : "appeared";
    case "moved": return [entered.length > 0 && `entered ${entered.join(", ")}`, left.length > 0 && `left ${left.join(", ")}`].filter(Boolean).join(" and ");
    case "crossed": return `crossed ${Object.entries(crossed).map(([line, way]) => `${line} (${way})`).join(", ")}`;
    case "stayed": return stayed.length > 0 ? `stayed in ${stayed.join(", ")}` : "stayed";
    default: return `left after ${Math.round(age)} s`;
  }
}
