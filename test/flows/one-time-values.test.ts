/** Links, states and return codes: how long, of which characters, and how a typed code is read (threats L9). */

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  digestOf,
  newId,
  newOneTimeValue,
  newReturnCode,
  normalizeReturnCode,
  returnCodeLength,
} from '../../src/flows/one-time-values.js';

const draws = 100_000;
/** What design section 5 leaves: no 0 O, 1 I L, no U. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

describe('return codes', () => {
  const codes = Array.from({ length: draws }, () => newReturnCode().reveal());

  it('have 8 characters without look-alikes (design 5)', () => {
    expect(returnCodeLength).toBe(8);
    expect(codes.filter((code) => !/^[2-9A-HJKMNP-TV-Z]{8}$/.test(code))).toEqual([]);
  });

  it('are drawn, as all the others, without the numbers that can be foretold (threats L9)', () => {
    const foretold = vi.spyOn(Math, 'random');
    for (const draw of [newReturnCode, newOneTimeValue, () => newId('cn')]) draw();
    expect(foretold).not.toHaveBeenCalled();
    foretold.mockRestore();
  });

  it('hardly ever repeat: 39 bits', () => {
    // 10^5 draws of 30^8 are expected to hold 0.008 pairs.
    expect(new Set(codes).size).toBeGreaterThanOrEqual(draws - 2);
  });

  it('use every character equally often at every place', () => {
    const expected = draws / alphabet.length;
    for (let place = 0; place < returnCodeLength; place += 1) {
      const counts = new Map<string, number>();
      for (const code of codes) counts.set(code.charAt(place), (counts.get(code.charAt(place)) ?? 0) + 1);
      expect([...counts.keys()].sort().join('')).toBe(alphabet);
      const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // 29 degrees of freedom: beyond 85 once in 10^7 fair runs.
      expect(chiSquare).toBeLessThan(85);
    }
  });

  it('are not shown by accident', () => {
    expect(String(newReturnCode())).toBe('[secret]');
  });
});

describe('a typed return code', () => {
  it.each([
    ['as shown', 'K7PM2XQ4'],
    ['in lower case', 'k7pm2xq4'],
    ['with blanks around it', '  K7PM2XQ4\n'],
    ['with blanks in it', 'K7PM 2XQ4'],
    ['with a tab and a no-break space', 'K7\tPM\u00a02X\u202fQ4'],
    ['with a dash', 'K7PM-2XQ4'],
    ['with a hyphen that does not break', 'K7PM\u20112XQ4'],
    ['with dashes that a keyboard made longer', 'K7–PM—2XQ4'],
    ['with a minus sign', 'K7PM\u22122XQ4'],
    ['in full width', 'Ｋ７ＰＭ－２ＸＱ４'],
    ['in full width and lower case, with an ideographic space', 'ｋ７ｐｍ　２ｘｑ４'],
    ['with a zero-width space, as pages copy it', 'K7PM\u200b2XQ4'],
    ['between marks of direction, as messengers put them', '\u2068K7PM2XQ4\u2069'],
    ['with a byte order mark', '\ufeffK7PM2XQ4'],
  ])('is read %s', (_, typed) => {
    expect(normalizeReturnCode(typed)).toBe('K7PM2XQ4');
  });

  it.each([
    ['with a letter more', 'K7PM2XQ4A'],
    ['with a letter less', 'K7PM2XQ'],
    ['with other marks in it', 'K7PM.2XQ4'],
    ['in Cyrillic look-alikes', 'К7РМ2ХQ4'],
    ['of nothing', ''],
    ['of blanks and dashes', ' - '],
  ])('is another %s', (_, typed) => {
    expect(normalizeReturnCode(typed)).not.toBe('K7PM2XQ4');
  });

  it('comes out the same for every code, however blanks, dashes and case were strewn in, and no second reading changes it', () => {
    const noise = fc.array(fc.constantFrom(' ', '-', '\t', '\n', '–', '\u00a0'), { maxLength: 3 });
    const typed = fc.array(fc.tuple(fc.constantFrom(...alphabet), fc.boolean(), noise), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(typed, (letters) => {
        const code = letters.map(([letter]) => letter).join('');
        const asTyped = letters.map(([letter, low, after]) => (low ? letter.toLowerCase() : letter) + after.join(''));
        expect(normalizeReturnCode(asTyped.join(''))).toBe(code);
        expect(normalizeReturnCode(code)).toBe(code);
      }),
    );
  });
});

describe('one-time values', () => {
  it('are 256 bits in base64url, and no two are the same (threats L9)', () => {
    const values = Array.from({ length: 2_000 }, () => newOneTimeValue().reveal());
    expect(values.filter((value) => !/^[A-Za-z0-9_-]{43}$/.test(value))).toEqual([]);
    expect(values.filter((value) => Buffer.from(value, 'base64url').length !== 32)).toEqual([]);
    expect(new Set(values).size).toBe(values.length);
  });

  it('use all their bits', () => {
    const bytes = Buffer.concat(
      Array.from({ length: 2_000 }, () => Buffer.from(newOneTimeValue().reveal(), 'base64url')),
    );
    expect(new Set(bytes).size).toBe(256);
  });

  it('are not shown by accident', () => {
    expect(`${newOneTimeValue()}`).toBe('[secret]');
  });
});

describe('digests and ids', () => {
  it('are SHA-256 in base64url (FIPS 180-2, the message "abc")', () => {
    expect(digestOf('abc')).toBe(
      Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex').toString('base64url'),
    );
  });

  it('bear their prefix and 120 bits that nobody guesses', () => {
    const ids = Array.from({ length: 1_000 }, () => newId('cn'));
    expect(ids.filter((id) => !/^cn_[A-Za-z0-9_-]{20}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
