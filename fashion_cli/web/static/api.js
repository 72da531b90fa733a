/* The REST API as the page uses it. Every answer is JSON; every failure is an ApiError that the page can word. */

import { has, text } from "./texts.js";

const BASE = new URL("api/v1/", new URL(".", document.baseURI));

export class ApiError extends Error {
  /**
   * `status` is that of HTTP; 0 where no answer came. `detail` is what the server says, in English. `suggestions` are
   * the words that were probably meant; null where the words are not what is wrong.
   */
  constructor(status, detail = "", suggestions = null) {
    super(detail);
    Object.assign(this, { status, detail, suggestions });
  }

  /** In the page's language. */
  get wording() {
    if (this.suggestions) return text("error_words");
    if (this.status === 0) return text("error_network");
    return has(`error_${this.status}`) ? text(`error_${this.status}`) : text("error_other", { status: this.status });
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(new URL(path, BASE), { headers: { Accept: "application/json" }, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
  if (response.ok) return response.json();
  const reply = await response.json().catch(() => ({}));
  const detail = [reply.error?.message, reply.error?.hint].filter(Boolean).join(" · ");
  throw new ApiError(response.status, detail, reply.error?.suggestions ?? null);
}

/** Only the newest question counts: the one before is given up, and its answer never seen. */
export class Newest {
  #controller = new AbortController();

  /** The answer of `question(signal)`; null where a newer question came between. */
  async ask(question) {
    this.forget();
    const { signal } = this.#controller;
    try {
      const answer = await question(signal);
      return signal.aborted ? null : answer;
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  forget() {
    this.#controller.abort();
    this.#controller = new AbortController();
  }
}

/** Pairs of name and value that narrow a search down; the same for every kind of search. */
function narrowing({ filters, but, topk, offset, language }) {
  const pairs = [["language", language], ["topk", topk], ["offset", offset]];
  for (const [group, tags] of Object.entries(filters.where)) if (tags.length) pairs.push(["where", `${group}=${tags}`]);
  for (const condition of filters.conditions) pairs.push(["where", condition]);
  for (const [group, tag] of Object.entries(but)) pairs.push(["but", `${group}=${tag}`]);
  if (filters.least) pairs.push(["min_price", filters.least]);
  if (filters.most) pairs.push(["max_price", filters.most]);
  if (filters.available) pairs.push(["available", "true"]);
  return pairs;
}

function form(photograph, pairs) {
  const body = new FormData();
  body.append("image", photograph.blob, "photograph");
  if (photograph.box) body.append("box", boxInPixels(photograph).join(","));
  for (const [name, value] of pairs) body.append(name, value);
  return body;
}

/** The box as the API wants it: left, top, width and height in pixels of the photograph that is sent. */
export function boxInPixels({ box, width, height }) {
  const left = Math.min(Math.round(box.left * width), width - 1);
  const top = Math.min(Math.round(box.top * height), height - 1);
  const wide = Math.max(1, Math.min(Math.round((box.right - box.left) * width), width - left));
  const high = Math.max(1, Math.min(Math.round((box.bottom - box.top) * height), height - top));
  return [left, top, wide, high];
}

export const groups = (language) => ask(`groups?${new URLSearchParams({ language })}`);

export const tags = (photograph, language, signal) =>
  ask("tags", { method: "POST", body: form(photograph, [["language", language]]), signal });

export const byPhotograph = (photograph, narrow, signal) =>
  ask("search", { method: "POST", body: form(photograph, narrowing(narrow)), signal });

export const byWords = (keyword, narrow, signal) =>
  ask(`search?${new URLSearchParams([["keyword", keyword], ...narrowing(narrow)])}`, { signal });

export const similar = (photograph, narrow, signal) =>
  ask(`photographs/${encodeURIComponent(photograph)}/similar?${new URLSearchParams(narrowing(narrow))}`, { signal });

export const photographAddress = (photograph, size) =>
  new URL(`photographs/${encodeURIComponent(photograph)}?size=${size}`, BASE).href;
