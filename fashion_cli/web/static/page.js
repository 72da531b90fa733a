/* The page: what is searched with (a photograph, words, another hit), how it is narrowed down, and what is shown.
   `view` is all of it. Each entry of the browser's history has a view of its own; its answer is kept, so going back is at once. */

import * as api from "./api.js";
import { BoxEditor } from "./box.js";
import { afterwards, all, element, find } from "./dom.js";
import { buildFilters, clearing, countOf, noFilters, showCounts, showFilters } from "./filters.js";
import { cards, nameOf } from "./hits.js";
import { addressOf, History, viewOf } from "./history.js";
import { acceptPhotographs } from "./intake.js";
import { failed, failedAtStart, notice, tell } from "./messages.js";
import { showBoxState, showPanel, showPhotograph, showReference, spokenBox } from "./panels.js";
import { readPhotograph, Unreadable } from "./photograph.js";
import { showTags, spokenTags } from "./tags.js";
import { currentLanguage, settings, speak, text } from "./texts.js";

const PAGE = 24; // hits at a time
const MOST = 10_000; // hits, behind which the API has no page
const TAGS_WAIT = 120; // milliseconds without a change of the box until its tags are asked for,
const SEARCH_WAIT = 350; // and until the search goes on

const nodes = Object.fromEntries(all("[id]").map((node) => [node.id, node]));
const pasts = new History();
const tagging = new api.Newest();
const searching = new api.Newest();
let view = viewOf(location);
let filterChoices = { groups: [], columns: [] }; // tags and columns that can be filtered by

const box = new BoxEditor(nodes.stage, nodes.box, { onMove: boxMoved, onEnd: boxSettled });
const tagSoon = afterwards(TAGS_WAIT, askTags);
const searchSoon = afterwards(SEARCH_WAIT, () => search());

// ---- what is searched with

/** Another thing to search with: an entry of its own in the history. */
function begin(kind, values) {
  giveUp();
  pasts.leave(view);
  view = { kind, filters: noFilters(), but: {}, answer: null, seen: null, ...values };
  pasts.enter(view, addressOf(view, location));
  buildBar();
  show();
  search({ focus: true });
}

/** Nobody waits any more for what was asked of the view before. */
function giveUp() {
  for (const request of [tagging, searching]) request.forget();
  for (const due of [tagSoon, searchSoon]) due.cancel();
  for (const part of [nodes.tags, nodes.found]) mark(part, false);
}

async function searchWith(file) {
  tell(text("reading"));
  mark(nodes.main, true);
  try {
    const photograph = await readPhotograph(file);
    begin("photograph", { photograph });
    askTags();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    notice(text("error_unreadable"));
  } finally {
    mark(nodes.main, false);
  }
}

const moreLike = (hit) => begin("similar", { reference: hit.photograph, name: nameOf(hit) });

// ---- the box

function boxMoved(sides) {
  view.photograph = { ...view.photograph, box: sides };
  searching.forget(); // its hits would belong to the box before
  showBoxState(sides);
  mark(nodes.tags, true);
  tagSoon();
}

function boxSettled(sides) {
  view.photograph = { ...view.photograph, box: sides };
  showBoxState(sides);
  tell(spokenBox(sides));
  if (!sides && document.activeElement === document.body) nodes["box-add"].focus();
  mark(nodes.tags, true);
  mark(nodes.found, true);
  tagSoon();
  searchSoon();
}

async function askTags() {
  const requestedView = view;
  mark(nodes.tags, true);
  try {
    const seen = await tagging.ask((signal) => api.tags(requestedView.photograph, currentLanguage(), signal));
    if (!seen || view !== requestedView) return;
    view.seen = seen;
    mark(nodes.tags, false);
    showSeen();
    tell(spokenTags(seen));
  } catch (error) {
    if (view === requestedView) trouble(error);
  }
}

const showSeen = () => showTags(view.seen, filterChoices.groups, view.but, wantInstead);

// ---- narrowing down

function wantInstead(group, tag) {
  const { [group]: _, ...others } = view.but;
  narrow({ but: tag ? { ...others, [group]: tag } : others });
}

const filterBy = (changed) => narrow({ filters: { ...view.filters, ...changed } });

function narrow(changed) {
  Object.assign(view, changed);
  pasts.keep(view, addressOf(view, location));
  showSeen();
  showFilters(filterChoices, view.filters, filterBy);
  search();
}

// ---- searching

function question(signal, offset = 0) {
  const narrowed = { ...view, topk: PAGE, offset, language: currentLanguage() };
  if (view.kind === "photograph") return api.byPhotograph(view.photograph, narrowed, signal);
  if (view.kind === "similar") return api.similar(view.reference, narrowed, signal);
  return api.byWords(view.words, narrowed, signal);
}

async function search({ focus = false } = {}) {
  searchSoon.cancel();
  const requestedView = view;
  const sides = view.photograph?.box;
  busy(true);
  if (focus) toResults();
  try {
    const answer = await searching.ask((signal) => question(signal));
    if (!answer || view !== requestedView) return;
    view.answer = answer;
    if (answer.query && view.photograph?.box === sides) view.seen = answer.query;
    showAnswer();
  } catch (error) {
    if (view === requestedView) trouble(error);
  }
}

/** The next page of hits, below those that are there. */
async function searchMore() {
  const requestedView = view;
  const { hits } = view.answer;
  mark(nodes.found, true);
  try {
    const answer = await searching.ask((signal) => question(signal, hits.length));
    if (!answer || view !== requestedView) return;
    view.answer = { ...answer, query: view.answer.query, hits: [...hits, ...answer.hits], ended: answer.hits.length < PAGE };
    showAnswer();
    find(`.hit:nth-child(${hits.length + 1}) .more-like`)?.focus();
  } catch (error) {
    if (view === requestedView) trouble(error, searchMore);
  }
}

/** Whether a part of the page is about to change: screen readers wait for it. */
const mark = (node, now) => node.setAttribute("aria-busy", String(now));

function busy(now) {
  mark(nodes.found, now);
  nodes.found.classList.toggle("busy", now);
  if (!now) return;
  nodes.trouble.hidden = true;
  nodes.empty.hidden = true;
  nodes.notes.hidden = true;
  nodes.status.textContent = text("loading");
  if (!view.answer) nodes.hits.replaceChildren(...Array.from({ length: 8 }, () => element("li", { className: "hit ghost", "aria-hidden": "true" })));
}

// ---- showing

function show() {
  const { kind } = view;
  nodes.start.hidden = kind !== "start";
  nodes.workspace.hidden = kind === "start";
  nodes.notice.hidden = true;
  showPanel(kind);
  nodes.workspace.dataset.kind = kind;
  nodes.words.value = kind === "words" ? view.words : "";
  if (kind === "start") return;
  nodes.results.textContent = kind === "words" ? text("results_words", { words: view.words }) : text("results");
  nodes.back.hidden = !(kind === "similar" && pasts.hasBefore);
  if (kind === "photograph") showPhotograph(view.photograph, box);
  if (kind === "similar") showReference(view);
  showSeen();
  showFilters(filterChoices, view.filters, filterBy);
}

function showAnswer() {
  const { hits, total, searched, counts, notes, ended } = view.answer; // copies of a hit count in `total`, and are no hits
  busy(false);
  nodes.hits.replaceChildren(...cards(hits, view.but, moreLike));
  const countText = hits.length < total ? text("found_of", { shown: hits.length, found: text("found", { count: total }) }) : text("found", { count: total });
  nodes.status.textContent = hits.length ? text("found_among", { found: countText, among: text("searched", { count: searched }) }) : text("empty");
  nodes.notes.textContent = notes.join("; ");
  nodes.notes.hidden = !notes.length;
  nodes.more.hidden = ended || hits.length < PAGE || hits.length >= Math.min(total, MOST);
  nodes.empty.hidden = hits.length > 0;
  showCounts(counts, view.filters);
  if (!hits.length) showEmpty();
  showSeen();
}

function showEmpty() {
  const filtered = countOf(view.filters) > 0;
  const why = filtered ? "empty_filters" : view.kind === "words" ? "empty_words" : "empty_gallery";
  nodes.empty.replaceChildren(element("p", {}, text(why)), filtered ? clearing(() => filterBy(noFilters())) : "");
}

function trouble(error, again = () => search({ focus: true })) {
  failed(error, again, (words) => begin("words", { words }));
  busy(false);
  mark(nodes.tags, false);
  nodes.status.textContent = "";
  if (!view.answer || error.suggestions) nodes.hits.replaceChildren();
}

/** The focus goes where what was asked for appears, once what was pressed is gone. */
function toResults() {
  const target = nodes.workspace.dataset.kind === "photograph" ? nodes["query-heading"] : nodes.results;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  window.scrollTo({ top: 0 });
}

// ---- history and language

function goBackTo(past) {
  giveUp();
  const from = view;
  view = past.view ?? viewOf(location);
  buildBar();
  show();
  if (view.kind === "start") {
    find("#start-heading").focus({ preventScroll: true });
    if (past.lost) notice(text("choose_again"));
  } else if (view.answer) {
    showAnswer();
    find(`[data-photograph="${CSS.escape(from.reference ?? "")}"] .more-like`)?.focus({ preventScroll: true });
    window.scrollTo({ top: past.scroll });
  } else {
    search({ focus: true });
  }
}

async function changeLanguage(code) {
  speak(code);
  pasts.translate((each) => Object.assign(each, { answer: null, seen: null }));
  pasts.keep(view, addressOf(view, location, code));
  await learnGroups();
  show();
  if (view.kind === "start") return;
  if (view.kind === "photograph") askTags();
  search();
}

const buildBar = () => buildFilters(filterChoices, view.filters, settings.priced, filterBy);

async function learnGroups() {
  try {
    filterChoices = await api.groups(currentLanguage());
    buildBar();
    showFilters(filterChoices, view.filters, filterBy);
    showSeen();
  } catch (error) {
    failedAtStart(error);
  }
}

// ---- wiring

acceptPhotographs(searchWith, () => notice(text("error_no_file")));
pasts.onReturn(goBackTo);
nodes["box-add"].addEventListener("click", () => box.add());
nodes["box-remove"].addEventListener("click", () => {
  box.remove();
  nodes["box-add"].focus();
});
find(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // another fragment would be an entry of the history
  (view.kind === "start" ? nodes["start-heading"] : nodes.results).focus();
});
nodes.back.addEventListener("click", () => history.back());
nodes.more.addEventListener("click", searchMore);
nodes["words-form"].addEventListener("submit", (event) => {
  event.preventDefault();
  const words = nodes.words.value.trim();
  if (words) begin("words", { words });
});
for (const link of all(".languages a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (link.lang !== currentLanguage()) changeLanguage(link.lang);
  });
}

async function start() {
  const past = pasts.begin(view);
  show();
  if (past.lost) notice(text("choose_again"));
  await learnGroups();
  if (view.kind !== "start") search();
  document.documentElement.dataset.ready = "true";
}

start();
