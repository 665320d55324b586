/**
 * Returns the element with an id, which must exist.
 *
 * @param {string} id
 * @returns {any}
 */
export const byID = (id) => document.getElementById(id);

/**
 * Creates an element. Strings become text, never markup: class and file names are untrusted.
 *
 * @param {string} tag
 * @param {Record<string, any>} attributes - Functions become event listeners. True sets an empty attribute; false, null
 *   and undefined omit it.
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
 * Returns a number and its noun in the right form.
 *
 * @param {number} count
 * @param {string} singular
 * @param {string} [plural]
 */
export const counted = (count, singular, plural = `${singular}s`) => `${count} ${count === 1 ? singular : plural}`;

/**
 * Moves the focus to the first visible candidate after the next render. Without it, hiding or removing a focused button
 * would lose the keyboard focus.
 *
 * @param {...(HTMLElement|null|undefined)} candidates
 */
export function focusNext(...candidates) {
  requestAnimationFrame(() => candidates.find((node) => node?.isConnected && node.offsetParent)?.focus());
}

/** Scrolls to an element unless its top is in the upper half of the window. */
export function bringIntoSight(node) {
  const { top } = node.getBoundingClientRect();
  if (top < 0 || top > window.innerHeight / 2) node.scrollIntoView({ block: "start" });
}

/**
 * Downloads a file.
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
