/** What is said where a session's memory is more than it may be, or than the host has. */
export function noMemory(bytes: number): RangeError {
  return new RangeError(`session: ${Math.ceil(bytes / 1048576)} MiB of memory are not to be had`);
}
