import { MAXIMUM_DETECTIONS } from "./api.js";
import { suppress } from "./nms.js";

/**
 * @typedef {import("./api.js").Detection} Detection
 * @typedef {import("./queue.js").Picture} Picture
 * @typedef {{confidence: number, iou: number, classes: ReadonlySet<number>}} Settings
 */

/** @type {WeakMap<Detection[], {confidence: number, iou: number, detections: Detection[]}>} */
const remembered = new WeakMap();

/**
 * Returns a picture's detections of all classes at the given thresholds. They are exact if the answer was requested
 * with this overlap, and otherwise an estimate.
 *
 * @param {Picture|undefined} picture
 * @param {Settings} settings
 * @returns {Detection[]}
 */
export function found(picture, { confidence, iou }) {
  if (!picture?.answer) return [];
  const isExact = picture.iou === iou;
  const source = isExact ? picture.answer.payload : (picture.broad ?? picture.answer.payload);
  const last = remembered.get(source);
  if (last && last.confidence === confidence && last.iou === iou) return last.detections;
  const confident = source.filter(({ score }) => score > confidence);
  const detections = isExact ? confident : suppress(confident, iou);
  remembered.set(source, { confidence, iou, detections });
  return detections;
}

/**
 * Returns the detections to show: those of the selected classes, or of all classes if none is selected.
 *
 * @param {Picture|undefined} picture
 * @param {Settings} settings
 */
export function shown(picture, settings) {
  const { classes } = settings;
  const all = found(picture, settings);
  const chosen = classes.size === 0 ? all : all.filter((detection) => classes.has(detection.class_id));
  return chosen.slice(0, MAXIMUM_DETECTIONS);
}
