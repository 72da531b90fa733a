/* The attribute map: Plotly draws it; here are the hover card, the legend and the neighbours. Reads #data and #thumbnails. */
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const thumbnails = $("thumbnails").textContent;

  const COLOURS = ["#2563eb", "#ea580c", "#16a34a", "#db2777", "#0891b2", "#ca8a04", "#7c3aed", "#dc2626", "#65a30d", "#0d9488",
    "#92400e", "#c084fc"];
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up"]; // beyond as many tags as colours, shapes tell them apart
  const SHAPES = ["M7 2a5 5 0 1 0 0 10a5 5 0 1 0 0-10z", "M2.5 2.5h9v9h-9z", "M7 1l6 6l-6 6l-6-6z", "M7 1.5l6 11h-12z"];
  const GARMENT_COLOURS = { // what shops mean by these words; others mean what CSS means, or have no colour here
    brown: "#7b4a21", burgundy: "#7c1030", charcoal: "#36454f", copper: "#b06a35", cream: "#fbf3d0", denim: "#3f5f8a",
    green: "#2f8f3e", metallic: "#a8a9ad", mustard: "#d4a017", nude: "#e3bc9a", offwhite: "#f7f4e8", rose: "#e8798f",
    rust: "#b7410e", skin: "#e3bc9a", taupe: "#8b7d70",
  };
  const NONE_COLOUR = "#8a8a8a";
  const SURE = 0.5; // below, no tag of a group whose tags may all be absent is said to hold
  const CLOSE = { most: 200, side: 64 }; // so few garments in view are shown as pictures, where there is room for one
  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  // ---- what the file holds

  function decoded(text, Kind) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new Kind(bytes.buffer);
  }

  const xs = Float32Array.from(decoded(data.x, Uint16Array), (value) => value / 65535);
  const ys = Float32Array.from(decoded(data.y, Uint16Array), (value) => value / 65535);
  const count = xs.length;
  const neighbours = decoded(data.neighbours, Uint32Array);
  const perGarment = count ? neighbours.length / count : 0;
  const ends = decoded(data.thumbnailEnds, Uint32Array); // of each garment's base64 text
  const groups = data.groups.map((group) => ({
    ...group,
    best: decoded(group.best, Uint16Array),
    scores: decoded(group.scores, Uint8Array),
    plane: decoded(group.plane, Uint16Array),
    planeScores: decoded(group.planeScores, Uint8Array),
  }));

  const name = (garment) => data.names[garment];
  const score = (group, garment) => group.scores[garment] / 255;

  /** Which tag of a group a garment shows; -1 where it shows none. */
  function tagOf(group, garment) {
    return group.exclusive || score(group, garment) >= SURE ? group.best[garment] : -1;
  }

  const tagName = (group, tag) => (tag < 0 ? "none" : group.tags[tag]);

  // ---- small builders: text only ever becomes text, never markup

  function element(kind, properties = {}, ...children) {
    const node = document.createElement(kind);
    for (const [key, value] of Object.entries(properties)) {
      if (key in node) node[key] = value;
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  }

  /** Its WebP in base64; "" for a photograph that could not be read. */
  const thumbnailOf = (garment) => thumbnails.slice(garment ? ends[garment - 1] : 0, ends[garment]);

  function picture(garment, alt) {
    const text = thumbnailOf(garment);
    if (text) return element("img", { className: "picture", alt, src: `data:image/webp;base64,${text}` });
    return element("span", { className: "picture gone", role: "img", "aria-label": alt }, "cannot be read");
  }

  function tagList(garment) {
    const list = element("dl", { className: "tags" });
    for (const group of groups) {
      const value = element("dd", {}, tagName(group, tagOf(group, garment)), " ");
      value.append(element("span", { className: "score" }, score(group, garment).toFixed(2)));
      list.append(element("dt", {}, group.name), value);
    }
    for (const [column, values] of Object.entries(data.columns)) {
      if (values[garment]) list.append(element("dt", {}, column), element("dd", {}, values[garment]));
    }
    return list;
  }

  const described = (garment) => groups.map((group) => tagName(group, tagOf(group, garment))).join(", ");

  // ---- state and colours

  const state = { group: 0, only: new Set(), chosen: -1, hovered: -1 };
  const map = $("map");
  let bins = []; // of the group in force: { tag, garments, colour, symbol }, most garments first

  const style = (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

  /** Colour words of a group are shown in their own colours, if most of its tags are such words. */
  function ownColours(group) {
    const words = group.tags.map((tag) => tag.toLowerCase().replace(/[\s_-]/g, ""));
    const probe = new Option().style;
    const colours = words.map((word) => {
      probe.color = "";
      if (/^[a-z]+$/.test(word)) probe.color = word;
      const isColour = probe.color && !/^(inherit|initial|unset|revert|revertlayer|transparent|currentcolor)$/.test(probe.color);
      return GARMENT_COLOURS[word] || (isColour ? word : "");
    });
    return colours.filter(Boolean).length * 2 > colours.length ? colours : null;
  }

  function makeBins() {
    const group = groups[state.group];
    const byTag = new Map();
    for (let garment = 0; garment < count; garment += 1) {
      const tag = tagOf(group, garment);
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push(garment);
    }
    const colours = ownColours(group);
    const tags = [...byTag.keys()].filter((tag) => tag >= 0).sort((a, b) => byTag.get(b).length - byTag.get(a).length || a - b);
    bins = tags.map((tag, place) => ({
      tag,
      garments: byTag.get(tag),
      colour: (colours && colours[tag]) || (colours ? NONE_COLOUR : COLOURS[place % COLOURS.length]),
      shape: colours && colours[tag] ? 0 : colours ? 2 : Math.floor(place / COLOURS.length) % SYMBOLS.length,
      outlined: Boolean(colours),
    }));
    if (byTag.has(-1)) bins.push({ tag: -1, garments: byTag.get(-1), colour: NONE_COLOUR, shape: 0, outlined: false });
  }

  const shows = (bin) => state.only.size === 0 || state.only.has(bin.tag);

  // ---- the map

  const drawsFast = (() => {
    try {
      return Boolean(document.createElement("canvas").getContext("webgl"));
    } catch {
      return false;
    }
  })();
  const markers = drawsFast ? "scattergl" : "scatter";
  const size = count > 30000 ? 3 : count > 3000 ? 5 : count > 300 ? 8 : 12;

  function traces() {
    const quiet = {
      type: markers, mode: "markers", hoverinfo: "skip", x: xs, y: ys, visible: state.only.size > 0,
      marker: { size: Math.max(size - 2, 2), color: NONE_COLOUR, opacity: 0.18 },
    };
    const garments = bins.map((bin) => ({
      type: markers,
      mode: "markers",
      hoverinfo: "none",
      x: Float32Array.from(bin.garments, (garment) => xs[garment]),
      y: Float32Array.from(bin.garments, (garment) => ys[garment]),
      visible: shows(bin),
      marker: {
        size, color: bin.colour, symbol: SYMBOLS[bin.shape], opacity: 0.85,
        line: { width: bin.outlined ? 1 : 0, color: style("--edge") },
      },
    }));
    const [chosen, others] = [state.chosen, state.chosen < 0 ? [] : neighboursOf(state.chosen)];
    const lines = { x: [], y: [] };
    for (const other of others) {
      lines.x.push(xs[chosen], xs[other], null);
      lines.y.push(ys[chosen], ys[other], null);
    }
    const ringed = chosen < 0 ? [] : [chosen, ...others];
    return [quiet, ...garments,
      { type: "scatter", mode: "lines", hoverinfo: "skip", ...lines, line: { color: style("--text"), width: 1.5 } },
      {
        type: "scatter", mode: "markers", hoverinfo: "skip", x: ringed.map((each) => xs[each]), y: ringed.map((each) => ys[each]),
        marker: {
          size: ringed.map((_, place) => size + (place ? 8 : 13)), symbol: "circle-open", color: style("--text"),
          line: { width: ringed.map((_, place) => (place ? 2 : 3)) },
        },
      }];
  }

  /** What the decoder expects at each place, as a small picture that is stretched over the plane. */
  function ground() {
    const group = groups[state.group];
    const side = Math.round(Math.sqrt(group.plane.length));
    if (!$("ground").checked || !side) return [];
    const canvas = element("canvas", { width: side, height: side });
    const context = canvas.getContext("2d");
    const colourOf = new Map(bins.map((bin) => [bin.tag, bin.colour]));
    for (let row = 0; row < side; row += 1) {
      for (let column = 0; column < side; column += 1) {
        const cell = row * side + column;
        context.globalAlpha = 0.05 + 0.25 * (group.planeScores[cell] / 255) ** 2;
        context.fillStyle = colourOf.get(group.plane[cell]) || NONE_COLOUR;
        context.fillRect(column, side - 1 - row, 1, 1); // rows count from below
      }
    }
    return [{ source: canvas.toDataURL(), xref: "x", yref: "y", x: 0, y: 1, sizex: 1, sizey: 1, sizing: "stretch", layer: "below" }];
  }

  const WHOLE = [-0.03, 1.03];
  const axis = { visible: false, fixedrange: false };
  const layout = {
    margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, dragmode: "pan", hovermode: "closest", hoverdistance: 12,
    uirevision: "kept", xaxis: { ...axis, range: [...WHOLE] }, yaxis: { ...axis, range: [...WHOLE] },
  };
  const config = { scrollZoom: true, displayModeBar: false, responsive: true, doubleClick: "reset" };

  function draw() {
    const images = [...ground(), ...closeUps()];
    Object.assign(layout, { paper_bgcolor: style("--plane"), plot_bgcolor: style("--plane"), images });
    return Plotly.react(map, traces(), layout, config);
  }

  /** Garments in view as pictures above their points, no two over each other, where few enough are in view. */
  function closeUps() {
    const { x, y } = view();
    const [perX, perY] = [(x[1] - x[0]) / map.clientWidth, (y[1] - y[0]) / map.clientHeight]; // of a pixel
    const inView = (garment) => xs[garment] > x[0] && xs[garment] < x[1] && ys[garment] > y[0] && ys[garment] < y[1];
    const seen = bins.filter(shows).flatMap((bin) => bin.garments.filter(inView));
    if (seen.length > CLOSE.most) return [];
    const placed = [];
    for (const garment of seen.sort((a, b) => (b === state.chosen) - (a === state.chosen) || a - b)) {
      const apart = (other) => (
        Math.abs(xs[garment] - xs[other]) > CLOSE.side * perX || Math.abs(ys[garment] - ys[other]) > CLOSE.side * perY);
      if (thumbnailOf(garment) && placed.every(apart)) placed.push(garment);
    }
    return placed.map((garment) => ({
      source: `data:image/webp;base64,${thumbnailOf(garment)}`, name: String(garment), xref: "x", yref: "y", layer: "above",
      x: xs[garment], y: ys[garment] + size * perY, xanchor: "center", yanchor: "bottom", sizing: "contain",
      sizex: (CLOSE.side - 4) * perX, sizey: (CLOSE.side - 4) * perY,
    }));
  }

  let waiting = 0;

  /** After the view has changed: other pictures. */
  function viewChanged() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const describe = (images) => images.map((image) => `${image.name} ${image.sizex}`).join();
      const images = [...ground(), ...closeUps()];
      if (describe(images) !== describe(layout.images)) Plotly.relayout(map, { images });
    }, 150);
  }

  const view = () => ({ x: [...layout.xaxis.range], y: [...layout.yaxis.range] });
  const look = (x, y) => Plotly.relayout(map, { "xaxis.range": x, "yaxis.range": y });

  function zoom(factor) {
    const scaled = ([from, to]) => [(from + to) / 2 - ((to - from) / 2) * factor, (from + to) / 2 + ((to - from) / 2) * factor];
    const { x, y } = view();
    look(scaled(x), scaled(y));
  }

  /** Move the view so that a garment is in it. */
  function bringIn(garment) {
    const moved = ([from, to], value) => {
      const margin = (to - from) * 0.08;
      const outside = value < from + margin || value > to - margin;
      return outside ? [value - (to - from) / 2, value + (to - from) / 2] : [from, to];
    };
    const { x, y } = view();
    const [newX, newY] = [moved(x, xs[garment]), moved(y, ys[garment])];
    if (newX[0] !== x[0] || newY[0] !== y[0]) look(newX, newY);
  }

  // ---- the legend

  function swatch(bin) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 14 14");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", SHAPES[bin.shape]);
    path.setAttribute("fill", bin.colour);
    if (bin.outlined) path.setAttribute("stroke", style("--edge"));
    svg.append(path);
    return svg;
  }

  function drawLegend() {
    const group = groups[state.group];
    $("legend-title").textContent = group.name;
    $("legend").replaceChildren(...bins.map((bin) => {
      const button = element("button", { type: "button", "aria-pressed": String(state.only.has(bin.tag)) }, swatch(bin),
        element("span", { className: "name" }, tagName(group, bin.tag)),
        element("span", { className: "count" }, bin.garments.length.toLocaleString("en")));
      button.dataset.tag = bin.tag;
      button.addEventListener("click", () => {
        if (!state.only.delete(bin.tag)) state.only.add(bin.tag);
        filterChanged();
      });
      return element("li", {}, button);
    }));
  }

  function filterChanged() {
    if (state.only.size === bins.length) state.only.clear();
    for (const button of $("legend").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(state.only.has(Number(button.dataset.tag))));
    }
    $("controls").classList.toggle("filtered", state.only.size > 0);
    $("all").hidden = state.only.size === 0;
    draw();
  }

  function colourBy(place) {
    state.group = place;
    state.only.clear();
    makeBins();
    drawLegend();
    filterChanged();
  }

  // ---- the card beside the pointer

  function showCard(garment, event) {
    state.hovered = garment;
    const card = $("card");
    card.replaceChildren(picture(garment, ""), element("strong", { className: "name" }, name(garment)), tagList(garment));
    card.dataset.garment = garment;
    card.hidden = false;
    const box = card.getBoundingClientRect();
    const left = event.clientX + 18 + box.width > innerWidth ? event.clientX - 18 - box.width : event.clientX + 18;
    card.style.left = `${Math.max(4, left)}px`;
    card.style.top = `${Math.max(4, Math.min(event.clientY - 40, innerHeight - box.height - 4))}px`;
  }

  function hideCard() {
    state.hovered = -1;
    $("card").hidden = true;
  }

  /** Says what the map expects where the pointer is. */
  function sayHere(event) {
    const box = map.getBoundingClientRect();
    const { x, y } = view();
    const across = x[0] + ((event.clientX - box.left) / box.width) * (x[1] - x[0]);
    const up = y[1] - ((event.clientY - box.top) / box.height) * (y[1] - y[0]);
    const inside = across >= 0 && across <= 1 && up >= 0 && up <= 1;
    $("here").textContent = inside ? `Expected here: ${groups.map((group) => {
      const side = Math.round(Math.sqrt(group.plane.length));
      const [row, column] = [up, across].map((value) => Math.min(Math.floor(value * side), side - 1));
      const cell = row * side + column;
      const share = group.planeScores[cell] / 255;
      return `${group.name} ${group.exclusive || share >= SURE ? group.tags[group.plane[cell]] : "none"} ${share.toFixed(2)}`;
    }).join(" · ")}` : "";
  }

  // ---- the chosen garment and its neighbours

  function neighboursOf(garment) {
    if (perGarment) return [...neighbours.subarray(garment * perGarment, (garment + 1) * perGarment)];
    const near = []; // of very many garments the file has no lists: then the nearest on the map
    for (let other = 0; other < count; other += 1) {
      if (other !== garment) {
        near.push([(xs[other] - xs[garment]) ** 2 + (ys[other] - ys[garment]) ** 2, other]);
        if (near.length > 64) near.sort((a, b) => a[0] - b[0] || a[1] - b[1]).length = 4;
      }
    }
    return near.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, 4).map(([, other]) => other);
  }

  /** Why a garment is a neighbour: the tags that both show, and where they differ. */
  function reason(garment, other) {
    const same = [];
    const differs = [];
    for (const group of groups) {
      const [mine, its] = [tagOf(group, garment), tagOf(group, other)];
      if (mine !== its) differs.push(`${group.name} (${tagName(group, its)})`);
      else if (mine >= 0) same.push(tagName(group, mine));
    }
    return [same.length ? `Same: ${same.join(", ")}` : "Near on the map", differs.length ? `Differs: ${differs.join(", ")}` : ""];
  }

  function neighbourItem(garment, other) {
    const [same, differs] = reason(garment, other);
    const text = element("span", {}, element("span", { className: "name" }, name(other)), element("span", { className: "same" }, same));
    if (differs) text.append(element("span", { className: "quiet" }, differs));
    const button = element("button", { type: "button" }, picture(other, ""), text);
    button.dataset.garment = other;
    button.addEventListener("click", () => {
      choose(other);
      $("neighbours")?.querySelector("button")?.focus();
    });
    return element("li", {}, button);
  }

  function choose(garment) {
    state.chosen = garment;
    const others = neighboursOf(garment);
    const about = element("div", { className: "first" }, picture(garment, described(garment)),
      element("div", {}, element("h2", {}, name(garment)), tagList(garment)));
    const list = element("ol", { id: "neighbours" }, ...others.map((other) => neighbourItem(garment, other)));
    $("chosen").replaceChildren(about, element("h3", {}, perGarment ? "Nearest garments" : "Nearest on the map"), list);
    $("chosen").dataset.garment = garment;
    draw().then(() => bringIn(garment));
  }

  function letGo() {
    state.chosen = -1;
    delete $("chosen").dataset.garment;
    $("chosen").replaceChildren(element("h2", {}, "No garment chosen"));
    draw();
  }

  // ---- keyboard

  /** The nearest garment in a direction, within 45 degrees of it; from the middle of the view if none is chosen. */
  function next([right, up]) {
    const { x, y } = view();
    const [wide, high] = [x[1] - x[0], y[1] - y[0]];
    const fromX = state.chosen < 0 ? (x[0] + x[1]) / 2 : xs[state.chosen];
    const fromY = state.chosen < 0 ? (y[0] + y[1]) / 2 : ys[state.chosen];
    let [best, nearest] = [-1, Infinity];
    for (const bin of bins.filter(shows)) {
      for (const garment of bin.garments) {
        const [dx, dy] = [(xs[garment] - fromX) / wide, (ys[garment] - fromY) / high];
        const [along, aside] = [dx * right + dy * up, Math.abs(dx * up) + Math.abs(dy * right)];
        const distance = dx * dx + dy * dy;
        const ahead = state.chosen < 0 || (along > 0 && aside <= along);
        if (garment !== state.chosen && ahead && distance < nearest) [best, nearest] = [garment, distance];
      }
    }
    return best;
  }

  map.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "+": () => zoom(0.7), "=": () => zoom(0.7), "-": () => zoom(1 / 0.7), 0: () => look([...WHOLE], [...WHOLE]), Escape: letGo,
    }[event.key];
    if (act) act();
    else if (KEYS[event.key]) {
      const garment = next(KEYS[event.key]);
      if (garment >= 0) choose(garment);
    } else return;
    event.preventDefault();
  });

  // ---- finding by name

  function find(text) {
    const query = text.trim().toLowerCase();
    if (!query) return [];
    const matches = [];
    for (let garment = 0; garment < count; garment += 1) {
      const texts = [name(garment), ...Object.values(data.columns).map((values) => values[garment])];
      if (texts.some((each) => each.toLowerCase().includes(query))) matches.push(garment);
    }
    return matches;
  }

  let place = 0;
  $("find").addEventListener("input", () => {
    const matches = find($("find").value);
    place = 0;
    $("found").textContent = $("find").value.trim() ? `${matches.length.toLocaleString("en")} found${matches.length ? "; Enter shows one" : ""}` : "";
  });
  $("find").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const matches = find($("find").value);
    if (!matches.length) return;
    $("found").textContent = `${(place % matches.length) + 1} of ${matches.length.toLocaleString("en")}`;
    choose(matches[place % matches.length]);
    place += 1;
  });

  // ---- start

  document.title = `Attribute map of ${count.toLocaleString("en")} garments`;
  $("summary").textContent = `${count.toLocaleString("en")} garments · tags of ${data.model} · ${data.source}`;
  $("group").append(...groups.map((group, number) => element("option", { value: number }, group.name)));
  $("group").addEventListener("change", () => colourBy(Number($("group").value)));
  $("ground").addEventListener("change", draw);
  $("all").addEventListener("click", () => {
    state.only.clear();
    filterChanged();
  });
  $("in").addEventListener("click", () => zoom(0.7));
  $("out").addEventListener("click", () => zoom(1 / 0.7));
  $("whole").addEventListener("click", () => look([...WHOLE], [...WHOLE]));
  map.addEventListener("mousemove", sayHere);
  map.addEventListener("mouseleave", () => {
    hideCard();
    $("here").textContent = "";
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    drawLegend();
    filterChanged();
  });

  makeBins();
  drawLegend();
  const garmentOf = (event) => bins[event.points[0].curveNumber - 1]?.garments[event.points[0].pointNumber];
  draw().then(() => {
    map.on("plotly_hover", (event) => {
      const garment = garmentOf(event);
      if (garment !== undefined && event.event.pointerType !== "touch") showCard(garment, event.event);
    });
    map.on("plotly_unhover", hideCard);
    map.on("plotly_relayout", viewChanged);
    map.on("plotly_click", (event) => {
      const garment = garmentOf(event);
      if (garment !== undefined) choose(garment);
    });
    document.documentElement.dataset.ready = "yes";
  });
})();
