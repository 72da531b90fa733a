/* Filters by tag, price and availability: a bar of menus, and what is in force below it, each to be taken away. */

import { all, element, find, icon } from "./dom.js";
import { groupTitle, number, text } from "./texts.js";

const bar = find("#filters-bar");
let conditions = []; // of the filters that are shown
const toggle = find("#filters-toggle");

/** `conditions` are those of the API that are no choice of tags, as `Price=10..30`. */
export const noFilters = () => ({ where: {}, conditions: [], least: "", most: "", available: false });

/** How many there are in force. */
export const countOf = (filters) => inForce(filters, []).length;

toggle.addEventListener("click", () => {
  toggle.setAttribute("aria-expanded", String(toggle.getAttribute("aria-expanded") !== "true"));
});
document.addEventListener("pointerdown", (event) => close(event.target));
bar.addEventListener("focusout", (event) => event.relatedTarget && close(event.relatedTarget));
bar.addEventListener("keydown", (event) => {
  const menu = event.target.closest("details[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  find("summary", menu).focus();
});

/** Menus lie over the results where there is room; one that was left is in the way. */
function close(left) {
  if (!floating()) return;
  for (const menu of all("details[open]", bar)) if (!menu.contains(left)) menu.open = false;
}

const floating = () => find(".menu", bar) !== null && getComputedStyle(find(".menu", bar)).position === "absolute";

/**
 * The bar. It is built for its groups once, so that a menu stays open while results change.
 * @param {(filters: object) => void} changed Called with the filters that are wanted now.
 */
export function buildFilters({ groups, columns }, filters, priced, changed) {
  const menus = groups.filter((group) => group.tags.some((tag) => tag.count > 0));
  toggle.setAttribute("aria-expanded", "false");
  bar.replaceChildren(...menus.map((group) => tagMenu(group, filters, changed)));
  bar.append(...columns.map((column) => numberMenu(column, filters, changed)));
  if (priced) bar.append(priceMenu(filters, changed), availability(filters, changed));
}

/** What is chosen, brought into the bar that is there, and the list of what is in force. */
export function showFilters({ groups }, filters, changed) {
  conditions = filters.conditions;
  for (const box of all("input[type=checkbox][data-group]", bar)) {
    box.checked = (filters.where[box.dataset.group] ?? []).includes(box.value);
  }
  for (const side of ["least", "most"]) {
    const field = find(`#price-${side}`, bar);
    if (field && field !== document.activeElement) field.value = filters[side];
  }
  for (const field of all("input[data-column]", bar)) {
    if (field !== document.activeElement) field.value = rangeOf(filters, field.dataset.column)[field.dataset.side];
  }
  const available = find("#available", bar);
  if (available) available.checked = filters.available;
  const chosen = inForce(filters, groups);
  const name = find("#filters-name");
  name.textContent = chosen.length ? text("filters_on", { count: chosen.length }) : text("filters");
  for (const menu of all("details", bar)) menu.classList.toggle("on", find(":checked", menu) !== null);
  for (const menu of all("details[data-numbers]", bar)) {
    menu.classList.toggle("on", filters.conditions.some((each) => each.startsWith(`${menu.dataset.numbers}=`)));
  }
  find("#price-menu", bar)?.classList.toggle("on", Boolean(filters.least || filters.most));
  const chips = chosen.map((each) => element("li", {}, chip(each.title, each.remove, () => changed(each.without))));
  if (chosen.length > 1) chips.push(element("li", {}, clearing(() => changed(noFilters()), "plain")));
  find("#filters-on").replaceChildren(...chips);
}

/**
 * How many of the result show each tag. Tags of one group are alternatives: where some are chosen, the others are not
 * in the result, and how many they would bring is not known.
 */
export function showCounts(counts, filters) {
  for (const box of all("input[data-group]", bar)) {
    const { group } = box.dataset;
    const count = counts[group]?.[box.value] ?? 0;
    const open = count > 0 || !(filters.where[group] ?? []).length;
    find(".count", box.closest("label")).textContent = open ? number(count) : "";
  }
}

function chip(title, spoken, remove) {
  const button = element("button", { type: "button", className: "chip", "aria-label": spoken }, title, icon("cross"));
  button.addEventListener("click", () => (remove(), afterRemoval()));
  return button;
}

/** The chip that had the focus is gone: the next one takes it, else the menus. */
function afterRemoval() {
  const next = find("#filters-on button") ?? [toggle, find("summary", bar)].find((node) => node?.checkVisibility());
  next?.focus();
}

export function clearing(clear, className = "") {
  const button = element("button", { type: "button", className }, text("clear"));
  button.addEventListener("click", () => (clear(), afterRemoval()));
  return button;
}

function inForce(filters, groups) {
  const active = [];
  for (const [name, tags] of Object.entries(filters.where)) {
    const group = groups.find((each) => each.name === name);
    for (const tag of tags) {
      const title = group?.tags.find((each) => each.name === tag)?.title ?? tag;
      const without = { ...filters, where: { ...filters.where, [name]: tags.filter((each) => each !== tag) } };
      active.push({ title, without });
    }
  }
  for (const condition of filters.conditions) {
    active.push({ title: conditionWording(condition), without: { ...filters, conditions: filters.conditions.filter((each) => each !== condition) } });
  }
  if (filters.least || filters.most) active.push({ title: priceWording(filters), without: { ...filters, least: "", most: "" } });
  if (filters.available) active.push({ title: text("available"), without: { ...filters, available: false } });
  return active.map((each) => ({ ...each, remove: text("remove", { name: each.title }) }));
}

const RANGE = /^(.+)=([^=]*)\.\.([^=]*)$/;

/** Both ends of a column's range, "" where it is open. */
function rangeOf(filters, column) {
  const ranges = filters.conditions.map((each) => RANGE.exec(each)).filter((each) => each?.[1] === column);
  return { least: ranges[0]?.[2] ?? "", most: ranges[0]?.[3] ?? "" };
}

function conditionWording(condition) {
  const range = RANGE.exec(condition);
  return range ? `${range[1]}: ${priceWording({ least: range[2], most: range[3] })}` : condition;
}

function priceWording({ least, most }) {
  const [from, to] = [least, most].map((side) => (side ? number(Number(side)) : ""));
  if (from && to) return text("price_between", { from, to });
  return from ? text("price_above", { from }) : text("price_below", { to });
}

function menu(title, properties, ...inside) {
  const summary = element("summary", {}, element("span", {}, title));
  const panel = element("div", { className: "menu" }, ...inside);
  const built = element("details", properties, summary, panel);
  built.addEventListener("toggle", () => {
    panel.classList.remove("flipped");
    panel.classList.toggle("flipped", panel.getBoundingClientRect().right > document.documentElement.clientWidth);
  });
  return built;
}

function tagMenu(group, filters, changed) {
  const tags = group.tags.filter((tag) => tag.count > 0).sort((one, other) => other.count - one.count);
  const choose = () => {
    const where = {};
    for (const box of all("input[data-group]:checked", bar)) (where[box.dataset.group] ??= []).push(box.value);
    changed({ where });
  };
  const choices = tags.map((tag) => {
    const box = element("input", { type: "checkbox", value: tag.name, "data-group": group.name });
    box.checked = (filters.where[group.name] ?? []).includes(tag.name);
    box.addEventListener("change", choose);
    const count = element("span", { className: "quiet count" }, number(tag.count));
    return element("label", { className: "choice" }, box, element("span", {}, tag.title), count);
  });
  const legend = element("legend", { className: "unseen" }, groupTitle(group));
  return menu(groupTitle(group), { "data-group": group.name }, element("fieldset", {}, legend, ...choices));
}

/** A menu with the two ends of a range; `changed` is called with both, as long as the first is not above the second. */
function rangeMenu(title, properties, labels, values, attributes, changed, ...notes) {
  const fields = Object.fromEntries(Object.keys(labels).map((side) =>
    [side, element("input", { type: "number", step: "any", inputMode: "decimal", value: values[side], ...attributes(side) })]));
  const rows = Object.entries(labels).map(([side, label]) =>
    element("div", { className: "field" }, element("label", { htmlFor: fields[side].id }, text(label)), fields[side]));
  const wrong = element("p", { className: "wrong", role: "alert", hidden: true }, text("price_bad"));
  const legend = element("legend", { className: "unseen" }, title);
  const built = menu(title, properties, element("fieldset", { className: "prices" }, legend, ...rows), wrong, ...notes);
  built.addEventListener("change", () => {
    const [least, most] = ["least", "most"].map((side) => fields[side].value.trim());
    wrong.hidden = !(least && most && Number(least) > Number(most));
    if (wrong.hidden) changed({ least, most });
  });
  return built;
}

const SIDES = { least: "price_from", most: "price_to" };

const priceMenu = (filters, changed) =>
  rangeMenu(text("price"), { id: "price-menu" }, SIDES, filters, (side) => ({ id: `price-${side}`, min: "0" }), changed,
    element("p", { className: "quiet" }, text("price_note")));

/** The numbers of a table's column. */
function numberMenu(column, filters, changed) {
  const attributes = (side) =>
    ({ id: `column-${side}-${column.name}`, placeholder: number(column[side]), "data-column": column.name, "data-side": side });
  return rangeMenu(column.name, { "data-numbers": column.name }, SIDES, rangeOf(filters, column.name), attributes, ({ least, most }) => {
    const others = conditions.filter((each) => RANGE.exec(each)?.[1] !== column.name);
    changed({ conditions: least || most ? [...others, `${column.name}=${least}..${most}`] : others });
  });
}

function availability(filters, changed) {
  const box = element("input", { type: "checkbox", id: "available" });
  box.checked = filters.available;
  box.addEventListener("change", () => changed({ available: box.checked }));
  return element("label", { className: "choice standing" }, box, element("span", {}, text("available")));
}
