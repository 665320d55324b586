/** The service's palette, so that pictures drawn by the page and by the service look the same. */
const PALETTE = [
  0xfa7040, 0x1c6ae8, 0x1cfa9a, 0x348240, 0xe27cfa, 0x7ccafa, 0xfad010, 0xbe227c, 0x8eb876, 0x8e46ca, 0xa05e10,
  0x2894b2, 0xfaa6be, 0x888eee, 0xfa5ea0, 0xd02822, 0x10fafa, 0xa66a9a, 0x3aac10, 0xd69a10,
];

/**
 * Returns the colour of a class as 0xRRGGBB. Each cycle through the palette starts at an offset; otherwise classes that
 * often occur together would share a colour.
 */
function number(classID) {
  const round = Math.floor(classID / PALETTE.length);
  return PALETTE[(classID + round * 3) % PALETTE.length];
}

/** @param {number} classID */
export const classColor = (classID) => `#${number(classID).toString(16).padStart(6, "0")}`;

/**
 * Returns black or white, whichever has more contrast with a class's colour.
 *
 * @param {number} classID
 */
export function textColor(classID) {
  const color = number(classID);
  const [red, green, blue] = [color >> 16, color >> 8, color].map((level) => linear((level & 255) / 255));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? "#000000" : "#ffffff";
}

const linear = (level) => (level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4);
