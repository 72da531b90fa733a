/* What was seen on the photograph, a row for each group of tags; each row can ask for something else: "but blue". */

import { element, find } from "./dom.js";
import { groupTitle, listed, percent, text } from "./texts.js";

const panel = find("#tags");
const rows = find("#tag-rows");
const NAMED = 2; // tags that fit into a row; all of more stand below it

/**
 * @param {?{tags: object[], style: ?object}} seen What the API says of the photograph; null while nothing is known.
 * @param {object[]} groups All groups with all tags and how many photographs have each.
 * @param {Object<string, string>} but Group -> the tag that is wanted there instead.
 * @param {(group: string, tag: string) => void} onExchange Called with "" where the photograph's own tags are to count again.
 */
export function showTags(seen, groups, but, onExchange) {
  panel.hidden = !seen || !groups.length;
  if (panel.hidden) return;
  showStyle(seen.style);
  const focused = document.activeElement?.closest?.("#tag-rows")?.contains(document.activeElement)
    ? document.activeElement.name : "";
  const visible = groups.filter((group) => group.tags.some((tag) => tag.count > 0));
  rows.replaceChildren(...visible.map((group) => row(group, tagsOf(seen, group), but[group.name] ?? "", onExchange)));
  if (focused) rows.querySelector(`select[name="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

const tagsOf = (seen, group) => seen.tags.filter((tag) => tag.group === group.name);

function showStyle(style) {
  const line = find("#style");
  line.hidden = !style;
  if (!style) return;
  const share = element("span", { className: "quiet" }, percent(style.score));
  line.replaceChildren(element("span", { className: "quiet" }, text("style")), element("strong", {}, style.title), share);
}

function row(group, seen, chosen, onExchange) {
  const id = `but-${group.name}`;
  const select = element("select", { id, name: group.name, className: chosen ? "changed" : "" });
  select.append(element("option", { value: "" }, seenWording(seen)));
  const others = element("optgroup", { label: text("tags") });
  for (const tag of inOrder(group)) others.append(element("option", { value: tag.name, selected: tag.name === chosen }, tag.title));
  select.append(others);
  select.addEventListener("change", () => onExchange(group.name, select.value));
  const all = seen.length > NAMED && element("p", { className: "all quiet" }, listed(seen.map((tag) => tag.title)));
  return element("div", { className: "row" }, element("label", { htmlFor: id }, groupTitle(group)), select, all);
}

function seenWording(seen) {
  if (!seen.length) return text("nothing_seen");
  const surest = Math.max(...seen.map((tag) => tag.score));
  const titles = seen.map((tag) => tag.title);
  const summary = titles.length > NAMED ? `${listed(titles.slice(0, NAMED))} +${titles.length - NAMED}` : listed(titles);
  return text("percent_of", { tags: summary, percent: percent(surest) });
}

/** What the gallery has, by name: a list of up to some fifty is looked through by the alphabet. */
const inOrder = (group) =>
  group.tags.filter((tag) => tag.count > 0).sort((one, other) => one.title.localeCompare(other.title));

/** What a screen reader is told when tags have arrived. */
export function spokenTags(seen) {
  if (!seen.tags.length) return text("tags_none");
  return text("tags_seen", { tags: listed(seen.tags.map((tag) => tag.title)) });
}
