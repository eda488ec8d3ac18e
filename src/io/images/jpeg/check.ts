/** What a JPEG file must hold. */
import { FormatError } from "../../../errors.ts";

/** @throws FormatError unless `right`. */
export function check(right: boolean, message: string): asserts right {
  if (!right) throw new FormatError(`JPEG: ${message}`);
}
