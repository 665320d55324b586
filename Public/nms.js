/**
 * Returns the intersection over union of two boxes, in 0...1.
 *
 * @param {import("./api.js").Detection["bbox"]} first
 * @param {import("./api.js").Detection["bbox"]} second
 */
export function intersectionOverUnion({ origin: [x, y], size: [w, h] }, { origin: [u, v], size: [p, q] }) {
  const width = Math.min(x + w, u + p) - Math.max(x, u);
  const height = Math.min(y + h, v + q) - Math.max(y, v);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  return intersection / (w * h + p * q - intersection);
}

/**
 * Performs non-maximum suppression per class, as the service does.
 *
 * Greedy in the given order.
 *
 * @param {import("./api.js").Detection[]} detections - In the service's order, which is by falling score.
 * @param {number} iou - Overlap above which the weaker of two detections is dropped.
 */
export function suppress(detections, iou) {
  /** @type {import("./api.js").Detection[]} */
  const kept = [];
  for (const detection of detections) {
    const isCovered = kept.some(
      (better) => better.class_id === detection.class_id && intersectionOverUnion(better.bbox, detection.bbox) > iou,
    );
    if (!isCovered) kept.push(detection);
  }
  return kept;
}
