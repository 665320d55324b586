/**
 * The page's state.
 *
 * @typedef {object} State
 * @property {readonly import("./queue.js").Picture[]} pictures
 * @property {number|null} currentID - Id of the picture on display.
 * @property {number} confidence
 * @property {number} iou
 * @property {ReadonlySet<number>} classes - Ids of the classes to show; an empty set shows all.
 * @property {boolean} masks
 * @property {boolean} labels
 * @property {import("./api.js").Detection|null} highlighted
 * @property {number|null} size - Longer side of the network's input; null for the model's.
 * @property {boolean} slices - Whether pictures are also searched in slices.
 * @property {Readonly<Zones>} zones
 * @property {boolean} onlyZones - Whether to hide objects outside of all zones.
 * @property {Point[]|null} draft - The corners of a zone that is being drawn.
 * @property {readonly import("./api.js").Model[]} models
 * @property {string|null} model - Null, the service's default, until the models are loaded.
 *
 * @typedef {[number, number]} Point - In shares of the picture's width and height.
 * @typedef {Record<string, Point[]>} Zones - Corners by name.
 * @typedef {ReturnType<typeof createStore>} Store
 */

/** Creates the page's state, with notifications for changes of its members. */
export function createStore() {
  /** @type {State} */
  const state = {
    pictures: [],
    currentID: null,
    confidence: 0.25,
    iou: 0.45,
    classes: new Set(),
    masks: true,
    labels: true,
    highlighted: null,
    size: null,
    slices: false,
    zones: {},
    onlyZones: false,
    draft: null,
    models: [],
    model: null,
  };
  /** @type {{names: (keyof State)[], listener: (state: Readonly<State>) => void}[]} */
  const subscriptions = [];
  /** @type {Set<string>} */
  const changed = new Set();

  function notify() {
    const names = new Set(changed);
    changed.clear();
    for (const { names: wanted, listener } of subscriptions) {
      if (wanted.some((name) => names.has(name))) listener(state);
    }
  }

  return {
    /** @type {Readonly<State>} */
    state,

    /**
     * Changes members. Listeners are notified once for all changes of a turn of the event loop.
     *
     * @param {Partial<State>} patch
     */
    update(patch) {
      for (const [name, value] of Object.entries(patch)) {
        if (Object.is(state[name], value)) continue;
        state[name] = value;
        if (changed.size === 0) queueMicrotask(notify);
        changed.add(name);
      }
    },

    /**
     * Registers a listener for changes.
     *
     * @param {(keyof State)[]} names - Members that the listener reads.
     * @param {(state: Readonly<State>) => void} listener
     */
    subscribe(names, listener) {
      subscriptions.push({ names, listener });
    },
  };
}

/**
 * Returns the picture on display.
 *
 * @param {Readonly<State>} state
 */
export const currentPicture = ({ pictures, currentID }) => pictures.find(({ id }) => id === currentID);
