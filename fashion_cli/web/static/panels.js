/* What is searched with: the photograph and its box, or another hit. */

import { photographAddress } from "./api.js";
import { find } from "./dom.js";
import { number, text } from "./texts.js";

const REFERENCE_SIDE = 640; // pixels that are asked for; twice what is shown, for fine screens

export function showPanel(kind) {
  find("#panel-photograph").hidden = kind !== "photograph";
  find("#panel-reference").hidden = kind !== "similar";
  find("#query-heading").textContent = text(kind === "similar" ? "reference" : "photograph");
}

export function showPhotograph({ url, width, height, scaledFrom, box }, editor) {
  const picture = find("#picture");
  if (picture.src !== url) picture.src = url;
  find("#stage").style.setProperty("--aspect", width / height);
  const note = find("#scaled");
  note.hidden = !scaledFrom;
  if (scaledFrom) note.textContent = text("scaled", { from: sizeOf(scaledFrom), to: sizeOf({ width, height }) });
  editor.show(box);
  showBoxState(box);
}

const sizeOf = ({ width, height }) => `${number(width)} × ${number(height)}`;

export function showBoxState(box) {
  find("#box-add").hidden = Boolean(box);
  find("#box-remove").hidden = !box;
  find("#box-hint").textContent = text(box ? "box_hint_set" : "box_hint");
}

/** What a screen reader is told of a box. */
export function spokenBox(box) {
  if (!box) return text("box_none");
  return text("box_at", Object.fromEntries(Object.entries(box).map(([side, share]) => [side, Math.round(100 * share)])));
}

/** Whoever follows a link to it knows no name. */
export function showReference({ reference, name = "" }) {
  Object.assign(find("#reference"), { src: photographAddress(reference, REFERENCE_SIDE), alt: name || text("unnamed") });
  find("#reference-name").textContent = name;
}
