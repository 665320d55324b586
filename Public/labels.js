/**
 * Detections in the formats of training tools and label editors.
 *
 * @module
 */

/**
 * @typedef {import("./api.js").Detection} Detection
 * @typedef {import("./api.js").Answer} Answer
 */

/** Returns a file name without its extension. */
export const stem = (name) => name.replace(/\.[^.]+$/, "") || name;

/**
 * Returns the service's answer, reduced to the shown detections.
 *
 * @param {Answer} answer
 * @param {Detection[]} detections
 */
export const answerJSON = (answer, detections) => ({ ...answer, payload: detections });

/**
 * Returns a COCO dataset. Category ids are class ids plus 1, because COCO's start at 1.
 *
 * @param {{name: string, answer: Answer, detections: Detection[]}[]} pictures
 * @param {string[]} classes - Class names, indexed by class id.
 */
export function cocoDataset(pictures, classes) {
  const names = new Map(classes.map((name, classID) => [classID, name]));
  for (const { detections } of pictures) {
    for (const detection of detections) names.set(detection.class_id, detection.class);
  }
  const annotations = pictures.flatMap(({ detections }, index) =>
    detections.map((detection) => ({ imageID: index + 1, detection })),
  );
  return {
    images: pictures.map(({ name, answer }, index) => ({
      id: index + 1,
      file_name: name,
      width: answer.width,
      height: answer.height,
    })),
    annotations: annotations.map(({ imageID, detection }, index) => ({
      id: index + 1,
      image_id: imageID,
      category_id: detection.class_id + 1,
      bbox: [...detection.bbox.origin, ...detection.bbox.size],
      area: area(detection),
      segmentation: detection.segmentation?.polygons ?? [],
      score: detection.score,
      iscrowd: 0,
    })),
    categories: [...names]
      .sort(([first], [second]) => first - second)
      .map(([classID, name]) => ({ id: classID + 1, name })),
  };
}

/**
 * Returns the area of the mask, or of the box if there is no mask, in square pixels.
 *
 * @param {Detection} detection
 */
function area({ segmentation, bbox }) {
  const pixels = segmentation
    ? segmentation.polygons.reduce((sum, polygon) => sum + polygonArea(polygon), 0)
    : bbox.size[0] * bbox.size[1];
  return Number(pixels.toFixed(3));
}

/** Computes the area with the shoelace formula; holes have the opposite orientation and are subtracted. */
function polygonArea(polygon) {
  let sum = 0;
  for (let index = 0; index < polygon.length; index += 2) {
    const next = (index + 2) % polygon.length;
    sum += polygon[index] * polygon[next + 1] - polygon[next] * polygon[index + 1];
  }
  return Math.abs(sum) / 2;
}

/**
 * Returns a YOLO label file: one line per box, `class x y width height`, where x and y are the centre and all lengths
 * are fractions of the picture's width or height.
 *
 * @param {Answer} answer
 * @param {Detection[]} detections
 */
export function yoloLines({ width, height }, detections) {
  return detections
    .map(({ class_id: classID, bbox: { origin, size } }) => {
      const numbers = [
        (origin[0] + size[0] / 2) / width,
        (origin[1] + size[1] / 2) / height,
        size[0] / width,
        size[1] / height,
      ];
      return `${[classID, ...numbers.map((number) => number.toFixed(6))].join(" ")}\n`;
    })
    .join("");
}
