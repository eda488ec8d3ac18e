/** Where the bundled network lies. */

/**
 * The address of the bundled Fashion-MNIST network, for `fetch` or, in Node, `readFile(new URL(bundledNetwork))`: the file
 * models/pretrained/fashion-mnist.safetensors of this package. `openNetwork` makes a network of its bytes. In one file with everything (a
 * bundle) the address leads nowhere; the package publishes the file as "senet/models/pretrained/fashion-mnist.safetensors", which bundlers
 * can resolve.
 */
export const bundledNetwork: string = beside(import.meta.url ?? "");

/** Of this file in the source, models/bundled.ts, and in what is built of it, dist/models/bundled.js. */
function beside(file: string): string {
  const folder = file.slice(0, file.lastIndexOf("/"));
  const models = folder.endsWith("/dist/models") ? `${folder.slice(0, -"/dist/models".length)}/models` : folder;
  return `${models}/pretrained/fashion-mnist.safetensors`;
}
