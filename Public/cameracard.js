import * as api from "./api.js";
import { counted, element, focusNext } from "./dom.js";
import { paintDetections, paintZones, pictureStyle } from "./overlay.js";
import { FEWEST, parsed } from "./zones.js";

/** Moments whose boxes may belong to the next picture. */
const MOST_MOMENTS = 8;

/** A stream: its picture with boxes as they come, and its zones. */
export class CameraCard {
  #name;
  #actions;
  /** @type {import("./api.js").Stream|null} */
  #stream = null;
  /** @type {import("./api.js").Moment[]} */
  #moments = [];
  /** @type {{image: ImageBitmap, time: number}|null} */
  #picture = null;
  #isFetching = false;
  /** The zones that are listed, as JSON. */
  #listed = "";
  #isEditing = false;
  /** @type {import("./store.js").Point[]|null} */
  #draft = null;
  #abort = new AbortController();

  /**
   * @param {string} name
   * @param {{changed: () => Promise<void>, announce: (message: string) => void}} actions
   */
  constructor(name, actions) {
    this.#name = name;
    this.#actions = actions;
    this.canvas = element("canvas", {
      role: "img",
      tabindex: "0",
      "aria-label": `${name}: no picture yet`,
      click: (event) => this.#addCorner(event),
      keydown: (event) => this.#press(event),
    });
    this.state = element("span", { class: "camera-state quiet-text" });
    this.reason = element("p", { class: "reason" });
    this.edit = element("button", { type: "button", "aria-pressed": "false", click: () => this.#toggle() }, "Zones");
    this.draw = element("button", { type: "button", "aria-pressed": "false", click: () => this.#begin() }, "Draw a zone");
    this.finish = element("button", { type: "button", hidden: true, click: () => this.#finish() }, "Finish");
    this.chips = element("ul", { class: "chips", "aria-label": `Zones of ${name}` });
    this.text = element("textarea", {
      rows: "4",
      spellcheck: "false",
      "aria-label": `Zones of ${name} as JSON`,
      change: () => this.#read(),
    });
    this.problem = element("p", { class: "process-problem", role: "alert" });
    this.editor = element(
      "div",
      { class: "camera-zones", hidden: true },
      element("p", { class: "help" }, "Draw a zone: click on the picture to set corners. Enter or “Finish” closes it, Escape cancels."),
      element("span", { class: "buttons" }, this.draw, this.finish),
      this.chips,
      element("details", { class: "zones-text", "aria-label": `Zones of ${name} as JSON` }, element("summary", {}, "Zones as JSON"), this.text),
      this.problem,
    );
    const remove = element("button", { type: "button", click: () => this.#remove() }, "Remove");
    for (const button of [this.edit, remove]) button.setAttribute("aria-label", `${button.textContent}: ${name}`);
    this.node = element(
      "li",
      { class: "camera-card", "data-stream": name },
      element("div", { class: "camera-head" }, element("h3", {}, name), this.state),
      this.canvas,
      this.reason,
      element("div", { class: "buttons" }, this.edit, remove),
      this.editor,
    );
  }

  /** Shows how the stream is. */
  update(stream) {
    this.#stream = stream;
    const { phase, reason, replica, width, height } = stream.state;
    this.state.dataset.phase = phase;
    this.state.textContent = phase === "elsewhere" ? `On ${replica}` : phase === "waiting" ? "Not connected" : phase === "connecting" ? "Connecting…" : this.state.textContent || "Connected";
    this.reason.textContent = phase === "waiting" ? (reason ?? "") : "";
    if (width && height) this.canvas.style.aspectRatio = `${width} / ${height}`;
    this.#list();
    this.#paint();
  }

  /** Lists the zones, if they have changed: their buttons may have the focus. */
  #list() {
    const zones = this.#zones();
    const text = Object.keys(zones).length > 0 ? JSON.stringify(zones) : "";
    if (text === this.#listed) return;
    this.#listed = text;
    this.text.value = text;
    this.chips.replaceChildren(
      ...Object.keys(zones).map((name) => {
        const chip = element("button", { type: "button", class: "chip", click: () => this.#forget(name) }, `${name} ×`);
        chip.setAttribute("aria-label", `Remove ${name}`);
        return element("li", {}, chip);
      }),
    );
  }

  /**
   * Shows the objects of a new picture.
   *
   * @param {import("./api.js").Moment} moment
   */
  show(moment) {
    this.#moments = [...this.#moments.slice(1 - MOST_MOMENTS), moment];
    this.#fetch();
  }

  remove() {
    this.#abort.abort();
    this.#picture?.image.close();
    this.node.remove();
  }

  /** Fetches the last picture; those that come meanwhile are skipped. */
  async #fetch() {
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      while (!this.#abort.signal.aborted && (this.#picture?.time ?? 0) < (this.#moments.at(-1)?.time ?? 0)) {
        const { blob, time } = await api.snapshot(this.#name, this.#abort.signal);
        // One that is shown already.
        if (time <= (this.#picture?.time ?? 0)) break;
        const image = await createImageBitmap(blob);
        if (this.#abort.signal.aborted) {
          image.close();
          break;
        }
        this.#picture?.image.close();
        this.#picture = { image, time };
        this.#paint();
      }
    } catch {
      // The next picture tries again; what is wrong with the stream, its state says.
    } finally {
      this.#isFetching = false;
    }
  }

  #paint() {
    const { canvas } = this;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (!this.#picture || width === 0) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#picture.image, 0, 0, width, height);
    const moment = this.#moments.findLast(({ time }) => time === this.#picture?.time);
    const detections = (moment?.payload ?? []).map((object) => ({ ...object, class: named(object) }));
    const size = moment ?? { width, height };
    const view = { scale: width / size.width, x: 0, y: 0 };
    const style = pictureStyle(width, height, []);
    paintZones(context, this.#zones(), this.#draft, { view, style, size });
    paintDetections(context, detections, { view, style, masks: false, labels: true, highlighted: null });
    if (this.#stream?.state.phase === "running") this.state.textContent = counted(detections.length, "object");
    canvas.setAttribute("aria-label", `${this.#name}: ${counted(detections.length, "object")}`);
    canvas.dataset.painted = String(detections.length);
    canvas.dataset.time = String(this.#picture.time);
  }

  // Zones.

  /** The zones in shares of the picture, without those that the page cannot draw. */
  #zones() {
    const { zones = {} } = this.#stream?.configuration ?? {};
    if (typeof zones === "string") return {};
    const { width = 0, height = 0 } = this.#stream?.state ?? {};
    return Object.fromEntries(
      Object.entries(zones).flatMap(([name, points]) => {
        if (!points.every((point) => typeof point[0] === "number")) return [];
        const isRelative = points.flat().every((value) => value >= 0 && value <= 1);
        if (!isRelative && !width) return [];
        return [[name, isRelative ? points : points.map(([x, y]) => [x / width, y / height])]];
      }),
    );
  }

  #toggle() {
    this.#isEditing = !this.#isEditing;
    this.#draft = null;
    this.#edited();
    const { zones } = this.#stream?.configuration ?? {};
    this.problem.textContent =
      typeof zones === "string" ? `This stream uses the kept zones ${zones}; a zone that is drawn here replaces them.` : "";
  }

  #begin() {
    this.#draft = this.#draft ? null : [];
    this.#edited();
    if (this.#draft) this.canvas.focus();
  }

  /** Shows what is being edited. */
  #edited() {
    const isDrawing = this.#draft !== null;
    this.editor.hidden = !this.#isEditing;
    this.edit.setAttribute("aria-pressed", String(this.#isEditing));
    this.draw.setAttribute("aria-pressed", String(isDrawing));
    this.finish.hidden = (this.#draft?.length ?? 0) < FEWEST;
    this.node.classList.toggle("editing", this.#isEditing);
    this.node.classList.toggle("drawing", isDrawing);
    this.#paint();
  }

  #addCorner(event) {
    if (!this.#draft) return;
    const { width, height } = this.canvas.getBoundingClientRect();
    const share = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;
    this.#draft = [...this.#draft, [share(event.offsetX / width), share(event.offsetY / height)]];
    this.#edited();
  }

  #press(event) {
    if (!this.#draft) return;
    if (event.key === "Enter") this.#finish();
    else if (event.key === "Escape") this.#begin();
    else return;
    event.preventDefault();
  }

  #finish() {
    const draft = this.#draft;
    if (!draft || draft.length < FEWEST) return this.#actions.announce("A zone needs at least three corners.");
    const zones = this.#all();
    let number = 1;
    while (zones[`zone ${number}`]) number += 1;
    this.#draft = null;
    this.#edited();
    focusNext(this.draw);
    return this.#keep({ ...zones, [`zone ${number}`]: draft });
  }

  #forget(name) {
    const { [name]: _, ...rest } = this.#all();
    focusNext(this.draw);
    return this.#keep(rest);
  }

  #read() {
    try {
      const shown = this.#zones();
      const others = Object.entries(this.#all()).filter(([name]) => !(name in shown));
      return this.#keep({ ...Object.fromEntries(others), ...parsed(this.text.value) });
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }

  /** The zones as they are configured. */
  #all() {
    const { zones = {} } = this.#stream?.configuration ?? {};
    return typeof zones === "string" ? {} : zones;
  }

  async #keep(zones) {
    const { zones: _, ...rest } = this.#stream?.configuration ?? {};
    try {
      await api.putStream(this.#name, Object.keys(zones).length > 0 ? { ...rest, zones } : rest);
      this.problem.textContent = "";
      this.#actions.announce("Zones saved.");
      await this.#actions.changed();
    } catch (problem) {
      this.problem.textContent = problem.message;
    }
  }

  async #remove() {
    if (!window.confirm(`Stop watching ${this.#name}, and forget its events?`)) return;
    this.#abort.abort();
    try {
      await api.deleteStream(this.#name);
    } catch (problem) {
      this.#abort = new AbortController();
      this.reason.textContent = problem.message;
      return;
    }
    this.#actions.announce(`${this.#name} is no longer watched.`);
    focusNext(document.getElementById("add-camera"));
    await this.#actions.changed();
  }
}

/** What stands beside a box. */
const named = ({ class: name, track }) => (track ? `${name} ${track}` : name);
