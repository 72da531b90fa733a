/* What is said to people: by voice alone, at the top of the page, or in place of the results. */

import { ApiError } from "./api.js";
import { element, find } from "./dom.js";
import { currentLanguage, settings, text } from "./texts.js";

/** To those who do not see it, and only to them. */
export function tell(words) {
  find("#say").textContent = words;
}

export function notice(words) {
  tell("");
  const place = find("#notice");
  place.replaceChildren(element("p", {}, words));
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}

/**
 * A question that failed. Whoever is signed out is led to where one signs in.
 * @param {() => void} again Asks it again.
 * @param {(words: string) => void} instead Searches for words that were probably meant.
 */
export function failed(error, again, instead) {
  if (!expected(error)) return;
  const detail = error.detail && element("p", { className: "quiet", lang: "en" }, error.detail);
  const place = find("#trouble");
  if (error.suggestions) place.replaceChildren(element("p", {}, error.wording), detail, suggested(error.suggestions, instead));
  else place.replaceChildren(element("h3", {}, text("failed")), element("p", {}, error.wording), detail, pressed(text("again"), again));
  place.hidden = false;
}

function pressed(title, action) {
  const button = element("button", { type: "button" }, title);
  button.addEventListener("click", action);
  return button;
}

function suggested(texts, instead) {
  if (!texts.length) return "";
  const buttons = texts.map((words) => pressed(words, () => instead(words)));
  return element("p", { className: "suggestions" }, element("span", {}, text("did_you_mean")), ...buttons);
}

export function failedAtStart(error) {
  if (expected(error)) notice([error.wording, error.detail].filter(Boolean).join(" "));
}

/** Whether there is something to say. A bug is no message: it goes on to the console. */
function expected(error) {
  if (!(error instanceof ApiError)) throw error;
  const out = error.status === 401 && settings.sign_in;
  if (out) location.assign(`${settings.sign_in}?language=${currentLanguage()}`);
  return !out;
}
