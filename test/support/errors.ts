/**
 * What `assert.throws` judges errors with. uvu takes a text for the failure's own message, and calls a class, which gives an error that
 * counts as yes: both would let any error pass.
 */
import * as assert from "uvu/assert";

/** An error whose message has this text in it. */
export function saying(text: string): (error: unknown) => boolean {
  return (error) => {
    assert.instance(error, Error);
    assert.ok((error as Error).message.includes(text), `"${(error as Error).message}" instead of "${text}"`);
    return true;
  };
}

/** An error of this class. */
export function ofKind(kind: abstract new (...given: never[]) => Error): (error: unknown) => boolean {
  return (error) => error instanceof kind;
}

/** Texts, patterns behind a comma, and all else letter by letter: brackets and commas within the first two count for nothing. */
const pieces = /"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|(?<=, )\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/|[\s\S]/g;

/** Second arguments of `assert.throws` in a source, as they stand there; "" where there is none. */
export function judgesIn(source: string): readonly string[] {
  return [...source.matchAll(/\bassert\.throws\(/g)].map(({ index, 0: call }) => {
    const parts = [""];
    let depth = 1;
    for (const [piece] of source.slice(index + call.length).matchAll(pieces)) {
      if (/^[([{]$/.test(piece)) depth++;
      else if (/^[)\]}]$/.test(piece) && --depth === 0) break;
      if (piece === "," && depth === 1) parts.push("");
      else parts[parts.length - 1] += piece;
    }
    return parts[1]?.trim() ?? "";
  });
}
