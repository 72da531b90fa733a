/* How photographs come in: chosen, taken, dropped or pasted anywhere on the page. */

import { all, find } from "./dom.js";
import { fileIn } from "./photograph.js";

/**
 * @param {(file: File) => void} accept Called with each photograph.
 * @param {() => void} refuse Called where something came that holds none.
 */
export function acceptPhotographs(accept, refuse) {
  for (const [buttons, input] of [[".choose", find("#file")], [".take", find("#camera")]]) {
    for (const button of all(buttons)) button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const [file] = input.files;
      input.value = ""; // the same file may be chosen again
      if (file) accept(file);
    });
  }
  document.addEventListener("paste", (event) => {
    const file = fileIn(event.clipboardData);
    if (file) event.preventDefault();
    if (file) accept(file);
    else if (!event.target.closest?.("input, textarea")) refuse(); // text into a field is none of our business
  });
  acceptDrops((transfer) => {
    const file = fileIn(transfer);
    if (file) accept(file);
    else refuse();
  });
}

function acceptDrops(drop) {
  const sign = find("#dropping");
  let inside = 0; // elements entered and not left: the browser tells of every one on the way
  const enter = (by) => {
    inside = Math.max(0, inside + by);
    sign.hidden = inside === 0;
  };
  const handlers = {
    dragenter: () => enter(1),
    dragleave: () => enter(-1),
    dragover: (event) => {
      event.dataTransfer.dropEffect = "copy";
    },
    drop: (event) => {
      enter(-inside);
      drop(event.dataTransfer);
    },
  };
  for (const [kind, handle] of Object.entries(handlers)) {
    document.addEventListener(kind, (event) => {
      event.preventDefault(); // the browser would open the file in place of the page
      handle(event);
    });
  }
}
