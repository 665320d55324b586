import { paintDetections, paintZones } from "./overlay.js";

const STEP = 1.25;
const PAN = 48;
const LARGEST_SCALE = 32;
/** In CSS pixels. Labels are smaller on phones, so that they do not hide the objects. */
const LINE = 2;
const RIM = 1;
const FONT = { smallest: 10, largest: 12.5, ofWidth: 1 / 50 };

/**
 * A picture with its detections that can be zoomed and panned. One canvas shows the picture and is repainted when the
 * view changes; another above it shows the detections and handles the pointer.
 */
export class Viewer {
  #image = null;
  #width = 0;
  #height = 0;
  #detections = [];
  #highlighted = null;
  #options = { masks: true, labels: true };
  #zones = {};
  /** Corners of a zone that is being drawn; null if none is. */
  #draft = null;
  /** CSS pixels per picture pixel, and the position of the picture's top left corner. */
  #view = { scale: 1, x: 0, y: 0 };
  #isFitted = true;
  #frame = 0;
  #isPictureStale = true;
  #pointers = new Map();

  /**
   * @param {HTMLElement} viewport
   * @param {HTMLCanvasElement} pictureCanvas
   * @param {HTMLCanvasElement} marksCanvas - Above the other; receives events and focus.
   * @param {{onZoom: (percent: number) => void, onHover: (detection: object|null) => void,
   *   onPick: (detection: object|null) => void, onPoint: (point: [number, number]) => void}} listeners - Points are in
   *   shares of the picture.
   */
  constructor(viewport, pictureCanvas, marksCanvas, listeners) {
    this.viewport = viewport;
    this.pictureCanvas = pictureCanvas;
    this.marksCanvas = marksCanvas;
    this.listeners = listeners;
    new ResizeObserver(() => this.#resize()).observe(viewport);
    marksCanvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    marksCanvas.addEventListener("pointerdown", (event) => this.#pointerDown(event));
    marksCanvas.addEventListener("pointermove", (event) => this.#pointerMove(event));
    for (const name of ["pointerup", "pointercancel"]) {
      marksCanvas.addEventListener(name, (event) => this.#pointerUp(event));
    }
    marksCanvas.addEventListener("pointerleave", () => listeners.onHover(null));
    marksCanvas.addEventListener("dblclick", (event) => {
      if (this.#draft) return;
      if (this.#isFitted) this.#zoomTo(Math.max(1, this.#view.scale * 2), this.#at(event));
      else this.fit();
    });
    marksCanvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /**
   * Shows a picture, or none if it is null.
   *
   * @param {ImageBitmap|null} image
   */
  setPicture(image) {
    if (image === this.#image) return;
    const isSameSize = image?.width === this.#width && image?.height === this.#height;
    this.#image = image;
    this.#width = image?.width ?? 0;
    this.#height = image?.height ?? 0;
    if (isSameSize) this.#repaint(true);
    else this.fit();
  }

  /** @param {object[]} detections - Best first. */
  setDetections(detections, options) {
    this.#detections = detections;
    this.#options = options;
    this.#repaint(false);
  }

  /**
   * @param {import("./store.js").Zones} zones
   * @param {import("./store.js").Point[]|null} draft - While it is not null, clicks set points.
   */
  setZones(zones, draft) {
    this.#zones = zones;
    this.#draft = draft;
    this.marksCanvas.style.cursor = draft ? "crosshair" : "";
    this.#repaint(false);
  }

  /** @param {object|null} detection */
  highlight(detection) {
    this.#highlighted = detection;
    this.#repaint(false);
  }

  /** Fits the picture into the viewport; small pictures are enlarged up to 4 times. */
  fit() {
    this.#isFitted = true;
    const { clientWidth, clientHeight } = this.viewport;
    if (this.#width && clientWidth) {
      const scale = Math.min(clientWidth / this.#width, clientHeight / this.#height, 4);
      this.#view = {
        scale,
        x: (clientWidth - this.#width * scale) / 2,
        y: (clientHeight - this.#height * scale) / 2,
      };
    }
    this.#viewChanged();
  }

  /** Shows each picture pixel as one CSS pixel. */
  actualSize() {
    this.#zoomTo(1, this.#center());
  }

  /** @param {1|-1} direction */
  zoom(direction) {
    this.#zoomTo(this.#view.scale * STEP ** direction, this.#center());
  }

  #center() {
    return { x: this.viewport.clientWidth / 2, y: this.viewport.clientHeight / 2 };
  }

  #fittedScale() {
    return Math.min(this.viewport.clientWidth / this.#width, this.viewport.clientHeight / this.#height);
  }

  /** Zooms around a fixed point. */
  #zoomTo(scale, { x, y }) {
    const least = Math.min(1, this.#fittedScale()) / 2;
    const bounded = Math.min(Math.max(scale, least), LARGEST_SCALE);
    const ratio = bounded / this.#view.scale;
    this.#view = { scale: bounded, x: x - (x - this.#view.x) * ratio, y: y - (y - this.#view.y) * ratio };
    this.#isFitted = false;
    this.#keepInSight();
    this.#viewChanged();
  }

  #move(x, y) {
    this.#view = { ...this.#view, x: this.#view.x + x, y: this.#view.y + y };
    this.#isFitted = false;
    this.#keepInSight();
    this.#viewChanged();
  }

  /** Centres a picture that is smaller than the viewport, and prevents gaps around a larger one. */
  #keepInSight() {
    const { clientWidth, clientHeight } = this.viewport;
    const bound = (offset, size, room) =>
      size <= room ? (room - size) / 2 : Math.min(0, Math.max(offset, room - size));
    this.#view.x = bound(this.#view.x, this.#width * this.#view.scale, clientWidth);
    this.#view.y = bound(this.#view.y, this.#height * this.#view.scale, clientHeight);
  }

  #viewChanged() {
    // While the picture is fitted, there is nothing to pan, so one finger scrolls the page.
    this.marksCanvas.style.touchAction = this.#isFitted ? "pan-y" : "none";
    this.listeners.onZoom(Math.round(this.#view.scale * 100));
    this.#repaint(true);
  }

  #resize() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.viewport;
    for (const canvas of [this.pictureCanvas, this.marksCanvas]) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
    }
    if (this.#isFitted) this.fit();
    else this.#keepInSight();
    this.#paint(true);
  }

  #repaint(withPicture) {
    this.#isPictureStale ||= withPicture;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint(this.#isPictureStale);
    });
  }

  #paint(withPicture) {
    const ratio = this.marksCanvas.width / (this.viewport.clientWidth || 1);
    const view = { scale: this.#view.scale * ratio, x: this.#view.x * ratio, y: this.#view.y * ratio };
    if (withPicture) {
      this.#isPictureStale = false;
      const context = this.pictureCanvas.getContext("2d");
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.pictureCanvas.width, this.pictureCanvas.height);
      context.imageSmoothingEnabled = this.#view.scale < 3;
      context.imageSmoothingQuality = "high";
      if (this.#image) {
        context.drawImage(this.#image, view.x, view.y, this.#width * view.scale, this.#height * view.scale);
      }
    }
    const context = this.marksCanvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.marksCanvas.width, this.marksCanvas.height);
    if (this.#image) {
      const font = Math.min(Math.max(this.viewport.clientWidth * FONT.ofWidth, FONT.smallest), FONT.largest);
      const style = { line: LINE * ratio, rim: RIM * ratio, font: font * ratio };
      const size = { width: this.#width, height: this.#height };
      paintZones(context, this.#zones, this.#draft, { view, style, size });
      paintDetections(context, this.#detections, { view, style, ...this.#options, highlighted: this.#highlighted });
    }
    // Exposes the state to tests and automation.
    this.marksCanvas.dataset.view = JSON.stringify(view);
    this.marksCanvas.dataset.painted = String(this.#image ? this.#detections.length : 0);
  }

  #at(event) {
    const bounds = this.marksCanvas.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  }

  #shareAt({ x, y }) {
    const { scale, x: left, y: top } = this.#view;
    return /** @type {[number, number]} */ ([(x - left) / scale / this.#width, (y - top) / scale / this.#height]);
  }

  /** Returns the smallest box at a point, which would otherwise be unreachable inside a larger one. */
  #detectionAt({ x, y }) {
    const left = (x - this.#view.x) / this.#view.scale;
    const top = (y - this.#view.y) / this.#view.scale;
    let smallest = null;
    for (const detection of this.#detections) {
      const { origin, size } = detection.bbox;
      const isInside =
        left >= origin[0] && top >= origin[1] && left <= origin[0] + size[0] && top <= origin[1] + size[1];
      const area = size[0] * size[1];
      if (isInside && (!smallest || area < smallest.area)) smallest = { detection, area };
    }
    return smallest?.detection ?? null;
  }

  #wheel(event) {
    // The plain wheel scrolls the page; touchpad pinches arrive as wheel events with Ctrl.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.#zoomTo(this.#view.scale * Math.exp(-event.deltaY * 0.005), this.#at(event));
  }

  #pointerDown(event) {
    if (event.button !== 0) return;
    this.#pointers.set(event.pointerId, { ...this.#at(event), start: this.#at(event) });
    if (!this.#isFitted || this.#pointers.size > 1) this.marksCanvas.setPointerCapture(event.pointerId);
  }

  #pointerMove(event) {
    const last = this.#pointers.get(event.pointerId);
    const now = this.#at(event);
    if (!last) {
      this.listeners.onHover(this.#detectionAt(now));
      return;
    }
    this.#pointers.set(event.pointerId, { ...last, ...now });
    if (this.#pointers.size === 2) {
      const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const distance = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      this.#zoomTo((this.#view.scale * distance(now)) / distance(last), middle);
    } else if (!this.#isFitted) {
      this.#move(now.x - last.x, now.y - last.y);
    }
  }

  #pointerUp(event) {
    const pointer = this.#pointers.get(event.pointerId);
    this.#pointers.delete(event.pointerId);
    if (!pointer || event.type === "pointercancel") return;
    const now = this.#at(event);
    const isClick = Math.hypot(now.x - pointer.start.x, now.y - pointer.start.y) < 4;
    if (!isClick) return;
    if (this.#draft) this.listeners.onPoint(this.#shareAt(now));
    else this.listeners.onPick(this.#detectionAt(now));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      "+": () => this.zoom(1),
      "=": () => this.zoom(1),
      "-": () => this.zoom(-1),
      0: () => this.fit(),
      1: () => this.actualSize(),
      ArrowLeft: () => this.#move(PAN, 0),
      ArrowRight: () => this.#move(-PAN, 0),
      ArrowUp: () => this.#move(0, PAN),
      ArrowDown: () => this.#move(0, -PAN),
    };
    const isArrow = event.key.startsWith("Arrow");
    if (!actions[event.key] || (isArrow && this.#isFitted)) return;
    event.preventDefault();
    actions[event.key]();
  }
}
