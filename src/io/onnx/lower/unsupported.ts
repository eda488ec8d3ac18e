/** What is sound but not done here; all of a file's are listed together. */
export class Unsupported extends Error {}
