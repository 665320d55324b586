/**
 * The element with an id, which the page has.
 *
 * @param {string} id
 * @returns {any}
 */
export const byID = (id) => document.getElementById(id);

/**
 * Makes an element. Strings become text, never markup: class and file names come from strangers.
 *
 * @param {string} tag
 * @param {Record<string, any>} attributes - Functions listen to the event of that name; true and false set and omit;
 *   `class`, `aria-…`, `data-…` and the rest are attributes.
 * @param {...(Node|string)} children
 * @returns {any}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/**
 * A number and its noun.
 *
 * @param {number} count
 * @param {string} singular
 * @param {string} [plural]
 */
export const counted = (count, singular, plural = `${singular}s`) => `${count} ${count === 1 ? singular : plural}`;

/**
 * Moves the focus to the first of some elements that can be seen, once the page shows what has changed: a button that
 * vanishes under one's fingers would leave a keyboard nowhere.
 *
 * @param {...(HTMLElement|null|undefined)} candidates
 */
export function focusNext(...candidates) {
  requestAnimationFrame(() => candidates.find((node) => node?.isConnected && node.offsetParent)?.focus());
}

/** Scrolls to an element whose beginning is not to be seen. */
export function bringIntoSight(node) {
  const { top } = node.getBoundingClientRect();
  if (top < 0 || top > window.innerHeight / 2) node.scrollIntoView({ block: "start" });
}

/**
 * Has the browser save a file.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  // The download holds its own reference once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
