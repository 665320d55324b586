/**
 * Detections in the formats that trainers and label editors read.
 *
 * @module
 */

/**
 * @typedef {import("./api.js").Detection} Detection
 * @typedef {import("./api.js").Answer} Answer
 */

/** A file's name without its ending. */
export const stem = (name) => name.replace(/\.[^.]+$/, "") || name;

/**
 * The service's answer, with what is shown of it.
 *
 * @param {Answer} answer
 * @param {Detection[]} detections
 */
export const answerJSON = (answer, detections) => ({ ...answer, payload: detections });

/**
 * A COCO dataset; its category ids are class ids + 1, as COCO counts.
 *
 * @param {{name: string, answer: Answer, detections: Detection[]}[]} pictures
 * @param {string[]} classes - Names by class id.
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
 * Of the mask where there is one, else of the box; in square pixels.
 *
 * @param {Detection} detection
 */
function area({ segmentation, bbox }) {
  const pixels = segmentation
    ? segmentation.polygons.reduce((sum, polygon) => sum + polygonArea(polygon), 0)
    : bbox.size[0] * bbox.size[1];
  return Number(pixels.toFixed(3));
}

/** By the shoelace formula; a hole runs the other way round and takes away. */
function polygonArea(polygon) {
  let sum = 0;
  for (let index = 0; index < polygon.length; index += 2) {
    const next = (index + 2) % polygon.length;
    sum += polygon[index] * polygon[next + 1] - polygon[next] * polygon[index + 1];
  }
  return Math.abs(sum) / 2;
}

/**
 * YOLO's text file: a line for each box, `class x y width height`, of its centre and in parts of the picture's sides.
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
