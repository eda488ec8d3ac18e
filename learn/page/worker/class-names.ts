/** Names of classes, where a user's file has none. */
import { imagenetClasses } from "../../../models/imagenet-classes.ts";

/** ImageNet's, where there are as many. */
export function namesFor(count: number): readonly string[] {
  return count === 1000 ? imagenetClasses : Array.from({ length: count }, (_, i) => `class ${i}`);
}
