/* A box around one garment: drawn, moved and resized by mouse, finger, pen or keyboard.
   Its sides are parts of the photograph's width and height in [0, 1], from the top left. */

const SMALLEST = 12; // screen pixels of a side: less is a click, or a finger that wanted to scroll
const LEAST = 0.02; // a side's part of the photograph that the keyboard leaves
const STEP = 0.02; // of a key, and with Alt
const FINE = 0.004;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FIRST = { left: 0.2, top: 0.15, right: 0.8, bottom: 0.85 }; // a box that nobody drew yet

const between = (value, least, most) => Math.min(most, Math.max(least, value));

export class BoxEditor {
  #drag = null;

  /**
   * @param {HTMLElement} stage What is as large as the photograph.
   * @param {HTMLElement} node The box in it.
   * @param {{onMove: Function, onEnd: Function}} handlers `onMove` while it changes, `onEnd` when it came to rest; with
   *   the box, or null for the whole photograph.
   */
  constructor(stage, node, handlers) {
    Object.assign(this, { stage, node, handlers, box: null });
    stage.addEventListener("pointerdown", (event) => this.#start(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", () => this.#end());
    stage.addEventListener("pointercancel", () => this.#cancel());
    node.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Shows a box, or none, without telling anybody. */
  show(box) {
    this.box = box;
    this.node.hidden = !box;
    this.stage.classList.toggle("boxed", Boolean(box));
    if (!box) return;
    const sides = { left: box.left, top: box.top, width: box.right - box.left, height: box.bottom - box.top };
    for (const [side, share] of Object.entries(sides)) this.node.style[side] = `${100 * share}%`;
  }

  /** A box in the middle, ready for the keyboard. */
  add() {
    this.show({ ...FIRST });
    this.node.focus();
    this.handlers.onEnd(this.box);
  }

  remove() {
    this.show(null);
    this.handlers.onEnd(null);
  }

  /** Where a pointer is on the photograph. */
  #place(event) {
    const area = this.stage.getBoundingClientRect();
    const across = (event.clientX - area.left) / area.width;
    return { x: between(across, 0, 1), y: between((event.clientY - area.top) / area.height, 0, 1) };
  }

  #start(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    const place = this.#place(event);
    const corner = event.target.dataset.corner?.split(" ");
    const kind = corner ? "resize" : this.node.contains(event.target) ? "move" : "draw";
    this.#drag = { kind, corner, from: place, before: this.box };
    this.stage.setPointerCapture(event.pointerId);
    if (kind !== "draw") this.node.focus({ preventScroll: true });
    event.preventDefault(); // no text is selected, no picture dragged
  }

  #move(event) {
    if (!this.#drag) return;
    const box = this.#dragged(this.#place(event));
    if (this.#drag.kind === "draw" && this.#tooSmall(box)) return;
    this.#drag.changed = true;
    this.show(box);
    this.handlers.onMove(box);
  }

  #dragged({ x, y }) {
    const { kind, corner, from, before } = this.#drag;
    if (kind === "move") return moved(before, x - from.x, y - from.y);
    let [fixedX, fixedY] = [from.x, from.y];
    if (kind === "resize") {
      fixedX = corner[0] === "left" ? before.right : before.left;
      fixedY = corner[1] === "top" ? before.bottom : before.top;
    }
    return { left: Math.min(x, fixedX), right: Math.max(x, fixedX), top: Math.min(y, fixedY), bottom: Math.max(y, fixedY) };
  }

  #tooSmall(box) {
    const area = this.stage.getBoundingClientRect();
    return (box.right - box.left) * area.width < SMALLEST || (box.bottom - box.top) * area.height < SMALLEST;
  }

  #end() {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag?.changed) return;
    if (this.#tooSmall(this.box)) this.show(drag.before);
    else if (drag.kind === "draw") this.node.focus({ preventScroll: true });
    this.handlers.onEnd(this.box);
  }

  #cancel() {
    if (this.#drag?.changed) {
      this.show(this.#drag.before);
      this.handlers.onEnd(this.box);
    }
    this.#drag = null;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey) return;
    const step = event.altKey ? FINE : STEP;
    const arrow = ARROWS[event.key];
    let box = null;
    if (arrow) box = (event.shiftKey ? stretched : moved)(this.box, arrow[0] * step, arrow[1] * step);
    else if (event.key === "+" || event.key === "=") box = grown(this.box, step);
    else if (event.key === "-") box = grown(this.box, -step);
    else if (event.key === "Escape" || event.key === "Delete") return void (event.preventDefault(), this.remove());
    if (!box) return;
    event.preventDefault();
    this.show(box);
    this.handlers.onEnd(box);
  }
}

/** As large as before, and inside. */
function moved(box, x, y) {
  const across = between(x, -box.left, 1 - box.right);
  const down = between(y, -box.top, 1 - box.bottom);
  return { left: box.left + across, right: box.right + across, top: box.top + down, bottom: box.bottom + down };
}

/** Its right and lower side move. */
const stretched = (box, x, y) => ({
  ...box,
  right: between(box.right + x, Math.min(1, box.left + LEAST), 1),
  bottom: between(box.bottom + y, Math.min(1, box.top + LEAST), 1),
});

/** Every side moves outwards, or inwards as long as something is left. */
function grown(box, by) {
  const across = Math.max(by, (LEAST - (box.right - box.left)) / 2);
  const down = Math.max(by, (LEAST - (box.bottom - box.top)) / 2);
  return {
    left: between(box.left - across, 0, 1),
    right: between(box.right + across, 0, 1),
    top: between(box.top - down, 0, 1),
    bottom: between(box.bottom + down, 0, 1),
  };
}
