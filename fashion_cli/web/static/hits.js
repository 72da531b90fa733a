/* Hits as cards: the photograph, what the shop says of it, why it is here, and more like it. */

import { element, icon, shopAddress } from "./dom.js";
import { currentLanguage, date, listed, price, text } from "./texts.js";

/** @param {(hit: object) => void} moreLike Called where more like a hit is wanted. */
export const cards = (hits, but, moreLike) => hits.map((hit) => card(hit, but, moreLike));

/** What to call a hit: the product's name, else what is seen on it. */
export function nameOf(hit) {
  return hit.product?.name || listed(hit.tags.map((tag) => tag.title)) || text("unnamed");
}

function card(hit, but, moreLike) {
  const { product } = hit;
  const body = element("div", { className: "body" }, name(hit), product && keywords(product), product && offer(product),
    columns(hit), shared(hit, but), product && product.offers?.length > 1 && offers(product));
  const more = element("button", { type: "button", className: "more-like", "aria-label": text("more_like_name", { name: nameOf(hit) }) },
    text("more_like"));
  more.addEventListener("click", () => moreLike(hit));
  const image = picture(hit);
  image.addEventListener("click", () => moreLike(hit)); // for a pointer; the button is there for everybody
  return element("li", { className: "hit", "data-photograph": hit.photograph }, image, body, more);
}

function picture(hit) {
  const seen = listed(hit.tags.map((tag) => tag.title));
  const image = element("img", {
    src: new URL(hit.image, document.baseURI).href, alt: seen || nameOf(hit), loading: hit.rank > 8 ? "lazy" : "eager", decoding: "async",
    width: hit.width || 3, height: hit.height || 4,
  });
  const frame = element("div", { className: "picture" }, image, copies(hit), state(hit.product));
  image.addEventListener("error", () => image.replaceWith(element("p", { className: "missing" }, text("no_picture"))));
  return frame;
}

/** How often the picture is there, where that is more than once. */
function copies(hit) {
  return hit.copies > 0 ? element("p", { className: "copies" }, text("copies", { count: hit.copies + 1 })) : null;
}

function state(product) {
  if (!product || (product.available && !product.gone)) return null;
  return element("p", { className: "state" }, text(product.gone ? "gone" : "sold_out"));
}

function name(hit) {
  const title = element("span", { lang: hit.product ? null : currentLanguage() }, nameOf(hit));
  const link = hit.product && shopLink(hit.product.url, title, icon("out"));
  return element("h3", { className: "name" }, link || title);
}

/** A link to a shop in a new tab; null where the address is none that a link may lead to. */
function shopLink(url, ...inside) {
  const href = shopAddress(url);
  if (!href) return null;
  const hint = element("span", { className: "unseen" }, ` (${text("new_tab")})`);
  return element("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...inside, hint);
}

function keywords(product) {
  const words = [product.brand, product.category, ...(product.keywords ?? [])].filter(Boolean);
  const distinct = [...new Map(words.map((word) => [word.toLowerCase(), word])).values()].filter((word) => word !== product.name);
  return distinct.length > 0 && element("p", { className: "keywords quiet" }, distinct.join(" · "));
}

const COLUMNS = 3; // of a table that are shown at once; the others are there to be opened

/** What a table said about it: the columns that are filled. */
function columns(hit) {
  const filled = Object.entries(hit.columns ?? {}).filter(([name, value]) => value.trim() && name !== "item_id");
  if (!filled.length) return null;
  const rows = filled.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  const first = element("dl", { className: "columns" }, ...rows.slice(0, COLUMNS));
  if (rows.length <= COLUMNS) return first;
  const rest = element("details", { className: "offers" }, element("summary", {}, text("columns_more", { count: rows.length - COLUMNS })),
    element("dl", { className: "columns" }, ...rows.slice(COLUMNS)));
  return element("div", {}, first, rest);
}

/** The lowest price and the shop that has it. */
function offer(product) {
  const amount = product.price === null ? "" : price(product.price, product.currency);
  const several = (product.offers?.length ?? 0) > 1;
  return element("p", { className: "offer" },
    amount && element("strong", {}, several ? text("from_price", { price: amount }) : amount),
    product.shop && element("span", { className: "quiet shop" }, product.shop),
    product.sku && element("span", { className: "quiet sku", title: text("sku") }, product.sku));
}

function offers(product) {
  const rows = product.offers.map((each) => {
    const amount = element("span", {}, price(each.price, each.currency));
    const shop = element("span", {}, each.shop);
    return element("li", {}, shopLink(each.url, shop, amount) ?? element("span", {}, shop, " ", amount));
  });
  const seen = product.seen_at && element("p", { className: "quiet" }, text("seen_at", { date: date(product.seen_at) }));
  return element("details", { className: "offers" }, element("summary", {}, text("offers", { count: rows.length })),
    element("ul", {}, ...rows), seen);
}

/** Which tags it has in common with the photograph, and which of those that were asked for in their place. */
function shared(hit, but) {
  const same = hit.shared_tags ?? [];
  const isExchanged = (tag) => but[tag.group] === tag.tag;
  if (!same.length) return null;
  const titles = same.map((tag) => element("span", isExchanged(tag) ? { className: "wanted", title: text("same_wanted") } : {}, tag.title));
  const line = element("p", { className: "shared" }, element("span", { className: "unseen" }, `${text("same", { tags: "" })}`));
  for (const title of titles) line.append(title, " ");
  return line;
}
