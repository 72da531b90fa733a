/* The browser's history: what the address says, and a view for each entry. Photographs live in memory only. */

import { noFilters } from "./filters.js";

const KEPT = 30; // views whose answers and photographs are in memory

/** What an address asks for: `?keyword=…` or `?similar=…`, narrowed down. */
export function viewOf({ search }) {
  const parameters = new URLSearchParams(search);
  const where = {};
  const conditions = [];
  for (const pair of parameters.getAll("where")) {
    const tags = /^([^<>=!]+)=((?!.*\.\.).+)$/.exec(pair);
    if (tags) where[tags[1]] = tags[2].split(",");
    else conditions.push(pair); // a range of a column's numbers, or all but some tags
  }
  const but = Object.fromEntries(parameters.getAll("but").map((pair) => [pair.split("=")[0], pair.slice(pair.indexOf("=") + 1)]));
  const filters = {
    ...noFilters(), where, conditions, least: parameters.get("min_price") ?? "", most: parameters.get("max_price") ?? "", available: parameters.has("available"),
  };
  const common = { filters, but, answer: null, seen: null };
  if (parameters.get("keyword")) return { kind: "words", words: parameters.get("keyword"), ...common };
  if (parameters.get("similar")) return { kind: "similar", reference: parameters.get("similar"), ...common };
  return { kind: "start", ...common };
}

/** The address of a view. A photograph has none: whoever gets the link has to choose one. */
export function addressOf(view, { pathname, search }, language = new URLSearchParams(search).get("language")) {
  const pairs = [];
  if (language) pairs.push(["language", language]);
  if (view.kind === "words") pairs.push(["keyword", view.words]);
  if (view.kind === "similar") pairs.push(["similar", view.reference]);
  for (const [group, tags] of Object.entries(view.filters.where)) if (tags.length) pairs.push(["where", `${group}=${tags}`]);
  for (const condition of view.filters.conditions) pairs.push(["where", condition]);
  for (const [group, tag] of Object.entries(view.but)) pairs.push(["but", `${group}=${tag}`]);
  if (view.filters.least) pairs.push(["min_price", view.filters.least]);
  if (view.filters.most) pairs.push(["max_price", view.filters.most]);
  if (view.filters.available) pairs.push(["available", "1"]);
  const query = new URLSearchParams(pairs).toString();
  return query ? `${pathname}?${query}` : pathname;
}

export class History {
  #views = new Map(); // entry -> { view, scroll }
  #entry = 0;

  /** The page's first view, or that of an entry which the browser comes back to after a reload. */
  begin(view) {
    window.history.scrollRestoration = "manual"; // the hits are not there yet when the browser would scroll
    const lost = window.history.state?.kind === "photograph";
    this.#entry = window.history.state?.entry ?? 0;
    this.keep(view, window.location.href);
    return { view, lost };
  }

  /** Whether the entry before this one is the page's own. */
  get hasBefore() {
    return this.#entry > 0;
  }

  enter(view, address) {
    this.#entry += 1;
    this.#views.set(this.#entry, { view, scroll: 0 });
    window.history.pushState({ entry: this.#entry, kind: view.kind }, "", address);
    for (const entry of [...this.#views.keys()].sort((a, b) => a - b)) {
      if (entry <= this.#entry - KEPT || entry > this.#entry) this.#drop(entry); // too old, or gone by going on elsewhere
    }
  }

  /** The view of this entry has changed. */
  keep(view, address) {
    this.#views.set(this.#entry, { view, scroll: this.#views.get(this.#entry)?.scroll ?? 0 });
    window.history.replaceState({ entry: this.#entry, kind: view.kind }, "", address);
  }

  leave(view) {
    this.#views.set(this.#entry, { view, scroll: window.scrollY });
  }

  translate(change) {
    for (const { view } of this.#views.values()) change(view);
  }

  onReturn(handle) {
    window.addEventListener("popstate", ({ state }) => {
      const here = this.#views.get(this.#entry);
      if (here) here.scroll = window.scrollY;
      this.#entry = state?.entry ?? 0;
      const entry = this.#views.get(this.#entry);
      handle({ view: entry?.view, scroll: entry?.scroll ?? 0, lost: !entry && state?.kind === "photograph" });
    });
  }

  #drop(entry) {
    const dropped = this.#views.get(entry).view.photograph;
    this.#views.delete(entry);
    const still = [...this.#views.values()].some(({ view }) => view.photograph?.url === dropped?.url);
    if (dropped && !still) URL.revokeObjectURL(dropped.url);
  }
}
