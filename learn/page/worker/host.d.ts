/** What a worker of the page has of its host, beside what src/host.d.ts names. */
declare const self: {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
};
