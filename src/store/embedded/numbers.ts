/** Numbers in keys and values: 8 bytes; bytes of numbers that are not negative sort as the numbers do. */

/** A number as 8 bytes (IEEE 754, big endian). */
export function numberBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** A number, followed by other bytes. */
export function withNumber(value: number, rest: Buffer): Buffer {
  return Buffer.concat([numberBytes(value), rest]);
}

/** The number at the front. */
export function numberOf(bytes: Buffer): number {
  return bytes.readDoubleBE(0);
}

/** What follows the number. */
export function restOf(bytes: Buffer): Buffer {
  return bytes.subarray(8);
}
