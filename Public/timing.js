import { byID, element } from "./dom.js";

/** What the service's stages are, in the order that they happen. */
const STAGES = {
  receive: "Receiving",
  parse: "Parsing",
  queue: "Queue",
  read: "Reading",
  decode: "Decoding",
  letterbox: "Fitting to its input",
  infer: "Network",
  postprocess: "Boxes",
  masks: "Masks",
  transform: "Transforming",
  draw: "Drawing",
  encode: "Encoding",
  store: "Storing",
  write: "Writing",
};

const milliseconds = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/**
 * Shows where the time of a request went.
 *
 * @param {import("./api.js").Timing|null} timing
 */
export function showTiming(timing) {
  byID("timing").hidden = !timing;
  if (!timing) return;
  const stages = timing.stages.filter(({ milliseconds }) => milliseconds >= 0.05);
  byID("timing-total").textContent =
    `${milliseconds(timing.total)} in the service, ${milliseconds(timing.roundTrip)} there and back`;
  byID("timing-bar").replaceChildren(
    ...stages.map(({ name, milliseconds }) => {
      const part = element("span", { "data-stage": name });
      part.style.flexGrow = String(milliseconds);
      return part;
    }),
  );
  byID("timing-legend").replaceChildren(
    ...stages.map(({ name, milliseconds: duration }) =>
      element(
        "div",
        {},
        element("dt", {}, element("span", { class: "key", "data-stage": name }), STAGES[name] ?? name),
        element("dd", {}, milliseconds(duration)),
      ),
    ),
  );
}
