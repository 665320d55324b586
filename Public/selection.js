import { MAXIMUM_DETECTIONS } from "./api.js";
import { suppress } from "./nms.js";

/**
 * @typedef {import("./api.js").Detection} Detection
 * @typedef {import("./queue.js").Picture} Picture
 * @typedef {{confidence: number, iou: number, classes: ReadonlySet<number>, onlyZones: boolean}} Settings
 */

/**
 * Members of the state that determine which detections are shown.
 *
 * @type {(keyof import("./store.js").State)[]}
 */
export const SELECTION = ["pictures", "currentID", "confidence", "iou", "classes", "onlyZones"];

/** @type {WeakMap<Detection[], {confidence: number, iou: number, onlyZones: boolean, detections: Detection[]}>} */
const remembered = new WeakMap();

/**
 * Returns a picture's detections of all classes at the given thresholds. They are exact if the answer was requested
 * with this overlap, and otherwise an estimate.
 *
 * @param {Picture|undefined} picture
 * @param {Settings} settings
 * @returns {Detection[]}
 */
export function found(picture, { confidence, iou, onlyZones }) {
  if (!picture?.answer) return [];
  const isExact = picture.iou === iou;
  const source = isExact ? picture.answer.payload : (picture.broad ?? picture.answer.payload);
  const last = remembered.get(source);
  if (last && last.confidence === confidence && last.iou === iou && last.onlyZones === onlyZones) {
    return last.detections;
  }
  const confident = source.filter(({ score }) => score > confidence);
  const kept = isExact ? confident : suppress(confident, iou);
  // Answers without zones were requested before there were any.
  const detections = onlyZones ? kept.filter(({ zones }) => !zones || zones.length > 0) : kept;
  remembered.set(source, { confidence, iou, onlyZones, detections });
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
