/* Small builders. Whatever a shop or a file name says becomes text or an attribute here, never markup. */

export const find = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element; properties that it has are set, all others become attributes; null and false children are left out. */
export function element(kind, properties = {}, ...children) {
  const node = document.createElement(kind);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = new URL("icons.svg", import.meta.url);

export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${ICONS.pathname}#${name}`);
  drawing.append(use);
  return drawing;
}

/** The address of a shop, or "" where it is none that a link may lead to: a product may claim `javascript:…`. */
export function shopAddress(text) {
  try {
    const address = new URL(text);
    return ["http:", "https:"].includes(address.protocol) ? address.href : "";
  } catch {
    return "";
  }
}

/** What is put off is done once, when nothing has asked for it again for a while (milliseconds). */
export function afterwards(wait, action) {
  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
