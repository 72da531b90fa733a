/* The page's texts in the language in force, and numbers, prices and dates as that language writes them. */

import { all, find } from "./dom.js";

export const settings = JSON.parse(find("#settings").textContent);
let language = settings.language;

export const currentLanguage = () => language;

/** Every text that stands in the page itself changes its language; what was built by a script is built anew. */
export function speak(code) {
  language = code;
  document.documentElement.lang = code;
  document.title = text("title");
  for (const node of all("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of all("[data-label]")) node.setAttribute("aria-label", text(node.dataset.label));
  for (const node of all("[data-placeholder]")) node.placeholder = text(node.dataset.placeholder);
  for (const node of all("[data-alt]")) node.alt = text(node.dataset.alt);
  for (const link of all(".languages a")) {
    if (link.lang === code) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

export const has = (key) => key in settings.texts[language];

/** A text with its places filled; with `count` among them, the wording of that number. */
export function text(key, values = {}) {
  const texts = settings.texts[language];
  let template = texts[key];
  if (template === undefined && typeof values.count === "number") {
    template = texts[`${key}.${new Intl.PluralRules(language).select(values.count)}`] ?? texts[`${key}.other`];
  }
  const format = (value) => (typeof value === "number" ? number(value) : String(value));
  return template.replace(/\{(\w+)\}/g, (place, name) => (name in values ? format(values[name]) : place));
}

export const number = (value) => new Intl.NumberFormat(language).format(value);

export const percent = (share) =>
  new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(Math.min(1, Math.max(0, share)));

/** A price of the API: a decimal number in a text, and a currency of ISO 4217 or none. */
export function price(amount, currency) {
  const value = Number(amount);
  if (!Number.isFinite(value)) return "";
  try {
    const whole = Number.isInteger(value) ? { minimumFractionDigits: 0 } : {};
    return new Intl.NumberFormat(language, { style: "currency", currency, ...whole }).format(value);
  } catch {
    return `${number(value)} ${currency ?? ""}`.trim(); // no currency that there is
  }
}

export const date = (moment) => new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(moment));

export const listed = (names) => names.join(", ");

/** What people call a group of tags: the model's own title, else ours for the names that the shipped models use. */
export function groupTitle(group) {
  const key = `group.${group.name}`;
  if (group.title && group.title !== group.name) return group.title;
  return has(key) ? text(key) : group.name.replace(/^./, (letter) => letter.toUpperCase());
}
