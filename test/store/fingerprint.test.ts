/** Bytes are told from others without a copy of them. */

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areAlike, fingerprintOf, hasFingerprint } from '../../src/store/fingerprint.js';

const someBytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));

describe('a fingerprint', () => {
  it('is that of the same bytes, in whatever memory they lie', () => {
    fc.assert(
      fc.property(someBytes, fc.nat(9), (bytes, before) => {
        const elsewhere = Buffer.concat([randomBytes(before), bytes, randomBytes(3)]).subarray(before);
        const known = fingerprintOf(bytes, 0, bytes.length);
        expect(hasFingerprint(elsewhere, known)).toBe(true);
        expect(fingerprintOf(elsewhere, 0, bytes.length)).toEqual(known);
      }),
    );
  });

  it('shows every change within one word of 4 bytes', () => {
    fc.assert(
      fc.property(someBytes, fc.nat(), fc.integer({ min: 1, max: 2 ** 32 - 1 }), (bytes, place, change) => {
        const known = fingerprintOf(bytes, 0, bytes.length);
        const word = (place % Math.ceil(bytes.length / 4)) * 4;
        const other = Buffer.from(bytes);
        for (let index = word; index < Math.min(word + 4, bytes.length); index += 1) {
          other.writeUInt8(other.readUInt8(index) ^ ((change >>> (8 * (index - word))) & 255), index);
        }
        fc.pre(!other.equals(bytes));
        expect(hasFingerprint(other, known)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is of its part alone, and of no part that is cut short', () => {
    const bytes = randomBytes(100);
    const known = fingerprintOf(bytes, 20, 60);
    bytes.fill(0, 0, 20);
    bytes.fill(0, 60);
    expect(hasFingerprint(bytes, known)).toBe(true);
    expect(hasFingerprint(bytes.subarray(0, 60), known)).toBe(true);
    expect(hasFingerprint(bytes.subarray(0, 59), known)).toBe(false);
    expect(hasFingerprint(Buffer.alloc(0), known)).toBe(false);
  });

  it('tells whether the same was found elsewhere', () => {
    const bytes = randomBytes(64);
    const moved = Buffer.concat([Buffer.alloc(7), bytes]);
    expect(areAlike(fingerprintOf(bytes, 0, 64), fingerprintOf(moved, 7, 71))).toBe(true);
    expect(areAlike(fingerprintOf(bytes, 0, 64), fingerprintOf(moved, 6, 70))).toBe(false);
    expect(areAlike(fingerprintOf(bytes, 0, 64), fingerprintOf(bytes, 0, 63))).toBe(false);
    for (const index of bytes.keys()) {
      const other = Buffer.from(bytes);
      other.writeUInt8(other.readUInt8(index) ^ 1, index);
      expect(areAlike(fingerprintOf(bytes, 0, 64), fingerprintOf(other, 0, 64))).toBe(false);
    }
  });
});
