/**
 * The version of this package, as in package.json.
 * @example
 * version.split(".").length   // => 3
 */
export const version = "0.1.0";
