/** What the examples of public names are compared with. */

/** As the examples write it: texts as they are, all else as JSON, typed arrays as lists. */
export function shown(value: unknown): string {
  if (typeof value === "string") return value;
  const plain = (_: string, each: unknown): unknown => {
    if (ArrayBuffer.isView(each)) return Array.from(each as unknown as ArrayLike<number>);
    return each instanceof Map ? [...each.keys()] : each;
  };
  return JSON.stringify(value, plain) ?? "undefined";
}

/** @throws Error where it is shown otherwise */
export function same(value: unknown, wanted: string): void {
  const came = shown(value);
  if (came !== wanted) throw new Error(`it gives ${came}, not ${wanted}`);
}
