import { byID, element } from "./dom.js";

/** Labels of the service's stages, in processing order. */
const STAGES = {
  receive: "Receiving",
  parse: "Parsing",
  queue: "Queueing",
  read: "Reading",
  decode: "Decoding",
  letterbox: "Letterboxing",
  infer: "Inference",
  postprocess: "Postprocessing",
  masks: "Masks",
  transform: "Transforming",
  draw: "Drawing",
  encode: "Encoding",
  store: "Storing",
  write: "Writing",
};

const milliseconds = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/**
 * Shows the time of a request by stage.
 *
 * @param {import("./api.js").Timing|null} timing
 */
export function showTiming(timing) {
  byID("timing").hidden = !timing;
  if (!timing) return;
  const stages = timing.stages.filter(({ milliseconds }) => milliseconds >= 0.05);
  byID("timing-total").textContent =
    `${milliseconds(timing.total)} in the service, ${milliseconds(timing.roundTrip)} round trip`;
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
