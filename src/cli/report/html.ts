/** HTML put together so that escaping cannot be forgotten: whatever goes into a template and is no `Html` is text. */
import { printable } from "../../errors.ts";

/** Text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: text and numbers, which it escapes; HTML; lists of all these. `undefined` leaves nothing. */
export type Content = string | number | Html | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * `text` for an element or a quoted attribute. What would act on the reader (controls, marks that turn the direction of text) is spelled
 * out.
 */
export function escape(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character]);
}

function textOf(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "string") return escape(content);
  return typeof content === "number" ? String(content) : content.map(textOf).join("");
}

/** A tag for template literals: html`<td>${name}</td>`. Attributes want double quotes around what is put in. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.reduce((text, part, i) => text + textOf(values[i - 1]) + part));
}
