import { classColor, textColor } from "./colors.js";

/**
 * @typedef {import("./api.js").Detection} Detection
 * @typedef {{scale: number, x: number, y: number}} View - Transform from picture pixels to canvas pixels.
 * @typedef {{line: number, rim: number, font: number}} Style - Sizes in canvas pixels.
 */

const LONGEST_NAME = 28;

/** @type {WeakMap<Detection, Path2D>} */
const outlines = new WeakMap();

/** Returns the outline of a detection's mask in picture pixels; cached for repeated painting. */
function outline(detection) {
  let path = outlines.get(detection);
  if (!path) {
    path = new Path2D();
    for (const polygon of detection.segmentation?.polygons ?? []) {
      path.moveTo(polygon[0], polygon[1]);
      for (let index = 2; index < polygon.length; index += 2) path.lineTo(polygon[index], polygon[index + 1]);
      path.closePath();
    }
    outlines.set(detection, path);
  }
  return path;
}

/**
 * Returns the sizes for drawing at full resolution, which are those of the service.
 *
 * @param {number} width
 * @param {number} height
 * @param {Detection[]} detections
 * @returns {Style}
 */
export function pictureStyle(width, height, detections) {
  const side = (width + height) / 2;
  const heights = detections.map(({ bbox }) => bbox.size[1]).sort((a, b) => a - b);
  const median = heights[Math.floor(heights.length / 2)] ?? 0;
  const font = Math.round(Math.min(Math.max(median * 0.2, 11, side * 0.018), Math.max(12, side * 0.025)));
  const line = Math.max(2, Math.round(font * 0.2));
  return { line, rim: Math.max(1, Math.round(line * 0.3)), font };
}

const ZONE_COLOR = "#fffdf8";
const ZONE_RIM = "#0b1b20";
const DRAFT_COLOR = "#f5a623";

/**
 * Paints zones, and the one that is being drawn.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("./store.js").Zones} zones
 * @param {import("./store.js").Point[]|null} draft
 * @param {{view: View, style: Style, size: {width: number, height: number}}} options - The picture's size in pixels.
 */
export function paintZones(context, zones, draft, { view, style, size }) {
  const place = ([x, y]) => [x * size.width * view.scale + view.x, y * size.height * view.scale + view.y];
  const trace = (points) => {
    context.beginPath();
    for (const point of points) context.lineTo(...place(point));
  };
  context.setTransform(1, 0, 0, 1, 0, 0);
  const stroke = (color) => {
    context.globalAlpha = 0.6;
    context.lineWidth = style.line + 2 * style.rim;
    context.strokeStyle = ZONE_RIM;
    context.stroke();
    context.globalAlpha = 1;
    context.lineWidth = style.line;
    context.strokeStyle = color;
    context.stroke();
  };
  context.font = `600 ${style.font}px ui-sans-serif, system-ui, sans-serif`;
  context.textBaseline = "top";
  for (const [name, points] of Object.entries(zones)) {
    trace(points);
    context.closePath();
    context.globalAlpha = 0.15;
    context.fillStyle = ZONE_COLOR;
    context.fill("evenodd");
    stroke(ZONE_COLOR);
    const [left, top] = place(points[0]);
    context.fillStyle = ZONE_RIM;
    context.fillRect(left, top, context.measureText(shortened(name)).width + style.font, style.font * 1.5);
    context.fillStyle = ZONE_COLOR;
    context.fillText(shortened(name), left + style.font / 2, top + style.font / 4);
  }
  if (!draft) return;
  trace(draft);
  stroke(DRAFT_COLOR);
  context.fillStyle = DRAFT_COLOR;
  for (const point of draft) {
    const [x, y] = place(point);
    context.fillRect(x - style.line * 1.5, y - style.line * 1.5, style.line * 3, style.line * 3);
  }
}

/**
 * Paints masks, boxes and labels in order of rising score, so that the best detections are on top.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Detection[]} detections - Best first.
 * @param {{view: View, style: Style, masks: boolean, labels: boolean, highlighted: Detection|null}} options
 */
export function paintDetections(context, detections, { view, style, masks, labels, highlighted }) {
  const weakestFirst = detections.filter((detection) => detection !== highlighted).reverse();
  if (highlighted && detections.includes(highlighted)) weakestFirst.push(highlighted);
  const isDim = (detection) => highlighted !== null && detection !== highlighted;

  if (masks) {
    context.setTransform(view.scale, 0, 0, view.scale, view.x, view.y);
    for (const detection of weakestFirst) {
      if (!detection.segmentation) continue;
      context.globalAlpha = isDim(detection) ? 0.12 : 0.45;
      context.fillStyle = classColor(detection.class_id);
      context.fill(outline(detection), "evenodd");
    }
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  for (const detection of weakestFirst) {
    context.globalAlpha = isDim(detection) ? 0.3 : 1;
    strokeBox(context, frameOf(detection, view), detection.class_id, {
      ...style,
      line: detection === highlighted ? style.line * 1.5 : style.line,
    });
  }
  const named = weakestFirst.filter((detection) => !isDim(detection));
  if (labels) paintLabels(context, named, view, style);
  context.globalAlpha = 1;
}

/** Returns the box in canvas pixels, aligned to pixel edges for sharp lines. */
function frameOf({ bbox: { origin, size } }, { scale, x, y }) {
  const left = Math.floor(origin[0] * scale + x);
  const top = Math.floor(origin[1] * scale + y);
  return {
    left,
    top,
    width: Math.max(1, Math.ceil((origin[0] + size[0]) * scale + x) - left),
    height: Math.max(1, Math.ceil((origin[1] + size[1]) * scale + y) - top),
  };
}

function strokeBox(context, { left, top, width, height }, classID, { line, rim }) {
  // Limits the line width so that a small box's lines do not overlap.
  const thickness = Math.min(line, width / 2, height / 2);
  const rectangle = [left + thickness / 2, top + thickness / 2, width - thickness, height - thickness];
  const opacity = context.globalAlpha;
  // A contrasting rim makes the line visible on any background.
  context.globalAlpha = opacity * 0.6;
  context.strokeStyle = textColor(classID);
  context.lineWidth = thickness + 2 * rim;
  context.strokeRect(...rectangle);
  context.globalAlpha = opacity;
  context.strokeStyle = classColor(classID);
  context.lineWidth = thickness;
  context.strokeRect(...rectangle);
}

/** Places labels best first and paints them best last, so that the best ones are visible. */
function paintLabels(context, weakestFirst, view, style) {
  context.globalAlpha = 1;
  context.font = `600 ${style.font}px ui-sans-serif, system-ui, sans-serif`;
  context.textBaseline = "middle";
  const inset = style.font * 0.4;
  const height = Math.round(style.font * 1.5);
  const taken = [];
  const placed = [...weakestFirst].reverse().map((detection) => {
    const text = `${shortened(detection.class)} ${detection.score.toFixed(2)}`;
    const frame = frameOf(detection, view);
    const size = { width: Math.ceil(context.measureText(text).width + 2 * inset), height };
    const place = freePlace(frame, size, taken, context.canvas);
    taken.push(place);
    return { detection, text, place };
  });
  for (const { detection, text, place } of placed.reverse()) {
    context.fillStyle = classColor(detection.class_id);
    context.beginPath();
    context.roundRect(place.left, place.top, place.width, place.height, style.font * 0.2);
    context.fill();
    context.fillStyle = textColor(detection.class_id);
    context.fillText(text, place.left + inset, place.top + place.height / 2 + style.font * 0.06);
  }
}

const shortened = (name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name);

/** Returns the position above, below or inside the box that covers the least of other labels. */
function freePlace(frame, size, taken, canvas) {
  const bottom = frame.top + frame.height;
  const left = Math.max(0, Math.min(frame.left, canvas.width - size.width));
  const right = Math.max(0, Math.min(frame.left + frame.width - size.width, canvas.width - size.width));
  const places = [
    [left, frame.top - size.height], [left, frame.top], [left, bottom], [left, bottom - size.height],
    [right, frame.top - size.height], [right, frame.top], [right, bottom],
  ].map(([x, y]) => ({ left: x, top: y, ...size }));
  let best = places[1];
  let least = Infinity;
  for (const place of places) {
    if (place.top < 0 || place.top + place.height > canvas.height) continue;
    const hidden = taken.reduce((sum, other) => sum + overlap(place, other), 0);
    if (hidden < least) [best, least] = [place, hidden];
  }
  return best;
}

function overlap(first, second) {
  const width = Math.min(first.left + first.width, second.left + second.width) - Math.max(first.left, second.left);
  const height = Math.min(first.top + first.height, second.top + second.height) - Math.max(first.top, second.top);
  return Math.max(0, width) * Math.max(0, height);
}
