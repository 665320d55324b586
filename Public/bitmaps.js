import * as api from "./api.js";

/** A decoded photograph takes a hundred megabytes: few are kept. */
const MAXIMUM = 3;

/** @type {Map<number, Promise<ImageBitmap|null>>} The one used last is at the end. */
const bitmaps = new Map();

/**
 * A picture in the pixels that the service's answer is about.
 *
 * What the browser cannot read (HEIC, TIFF), or turns another way than the service, the service decodes.
 *
 * @param {import("./queue.js").Picture} picture - Its bytes are here.
 * @returns {Promise<ImageBitmap|null>} Null where nobody can read it, or not yet.
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

/** Lets go of a picture that is gone. */
export function forget(id) {
  bitmaps.get(id)?.then((image) => image?.close());
  bitmaps.delete(id);
}

/**
 * A small copy of a picture, as a canvas; nothing of the large one is kept.
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
