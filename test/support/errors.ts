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
