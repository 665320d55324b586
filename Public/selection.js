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
 * What exceeds the thresholds in a picture, of all classes: exactly what the service finds where its answer is for
 * this overlap, else an estimate.
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
 * What is shown of it: the classes chosen, or all where none is.
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
