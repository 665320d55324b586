import * as api from "./api.js";

/** Maximum number of cached bitmaps: a decoded photograph takes about a hundred megabytes. */
const MAXIMUM = 3;

/** @type {Map<number, Promise<ImageBitmap|null>>} In order of last use, most recent last. */
const bitmaps = new Map();

/**
 * Returns a picture's bitmap, in the pixels that the service's detections refer to.
 *
 * The service decodes formats that the browser does not support (HEIC, TIFF), and pictures for which the browser's
 * width and height differ from the service's.
 *
 * @param {import("./queue.js").Picture} picture - Must have its bytes.
 * @returns {Promise<ImageBitmap|null>} Null if the picture cannot be decoded, or not before there is an answer.
 */
export async function bitmap({ id, blob, answer }) {
  const own = bitmaps.get(id) ?? readable(createImageBitmap(blob));
  remember(id, own);
  const image = await own;
  if (image && (!answer || (image.width === answer.width && image.height === answer.height))) return image;
  if (!answer) return null;
  const theirs = readable(api.decoded(blob).then((decoded) => createImageBitmap(decoded)));
  remember(id, theirs);
  return theirs;
}

const readable = (image) => image.catch(() => null);

function remember(id, image) {
  bitmaps.delete(id);
  bitmaps.set(id, image);
  for (const oldest of bitmaps.keys()) {
    if (bitmaps.size <= MAXIMUM) break;
    forget(oldest);
  }
}

/** Releases the bitmap of a removed picture. */
export function forget(id) {
  bitmaps.get(id)?.then((image) => image?.close());
  bitmaps.delete(id);
}

/**
 * Returns a thumbnail of a picture as a canvas; the decoded picture is released.
 *
 * @param {Blob} blob
 * @param {number} width - In CSS pixels.
 * @returns {Promise<HTMLCanvasElement|null>}
 */
export async function thumbnail(blob, width) {
  const resizeWidth = Math.round(width * Math.min(window.devicePixelRatio || 1, 2));
  const image = await readable(createImageBitmap(blob, { resizeWidth, resizeQuality: "medium" }));
  if (!image) return null;
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
  image.close();
  return canvas;
}
