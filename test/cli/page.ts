/** Reads a report as a strict reader would: every tag and attribute must be one that reports have, and every tag closed. */
import * as assert from "uvu/assert";

const known = new Set(("html head meta title style body main header footer h1 h2 h3 p b i bdi span div figure figcaption " +
  "svg line text circle polyline " +
  "table thead tbody tr th td details summary img").split(" "));
const empty = new Set(["meta", "img"]);
const attributes =
  new Set(("lang charset http-equiv content name class style title viewBox role aria-label x y x1 x2 y1 y2 dy cx cy r points " +
  "text-anchor scope src width height alt").split(" "));

export interface ReadPage {
  /** All text outside the style sheet, entities decoded, pieces between tags joined by "|". */
  readonly text: string;
  readonly titles: readonly string[];
  /** What `src` attributes have. */
  readonly sources: readonly string[];
}

const decoded = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " " })[name] as string,
  );

/** Fails where anything stands in the page that no report has: a script, an event handler, an address, a tag that nobody closes. */
export function readPage(page: string): ReadPage {
  const body = page.replace(/^<!DOCTYPE html>\n/, "").replace(/<style>[^<]*<\/style>/, "");
  assert.is.not(body.length, page.length, "doctype and style");
  assert.not.match(page, /https?:|url\(|@import|javascript:/);
  const open: string[] = [];
  const pieces: string[] = [];
  const titles: string[] = [];
  const sources: string[] = [];
  for (const [whole, tag] of body.matchAll(/<([^>]*)>|[^<]+/g)) {
    if (tag === undefined) {
      assert.not.match(whole, />|&(?!(amp|lt|gt|quot|#39|nbsp);)/, `in text: ${whole.slice(0, 80)}`);
      if (whole.trim() !== "") pieces.push(decoded(whole).trim());
      continue;
    }
    const match = /^(\/?)([a-z][a-z0-9]*)((?: [A-Za-z][A-Za-z0-9-]*="[^"<>]*")*)(\/?)$/.exec(tag);
    assert.ok(match, `no tag of ours: ${whole.slice(0, 120)}`);
    const [, closing, name, list, closed] = match;
    assert.ok(known.has(name), `no tag of ours: ${whole.slice(0, 120)}`);
    for (const [, attribute, value] of list.matchAll(/ ([A-Za-z0-9-]+)="([^"]*)"/g)) {
      assert.ok(attributes.has(attribute), `no attribute of ours: ${attribute}`);
      if (attribute === "title") titles.push(decoded(value));
      if (attribute === "style") assert.match(value, /^width:\d+%$/);
      if (attribute === "src") {
        assert.match(value, /^data:image\/png;base64,[A-Za-z0-9+/]+=*$/);
        sources.push(value);
      }
    }
    if (closing !== "") assert.is(open.pop(), name, `closes ${name}`);
    else if (closed === "" && !empty.has(name)) open.push(name);
  }
  assert.equal(open, [], "all tags are closed");
  return { text: pieces.join("|"), titles, sources };
}
