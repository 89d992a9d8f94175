/** Sealing: what opens, what does not, and that nothing about a key shows (threats S1-S5). */

import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Keyring, sealingKeyIdOf } from '../../src/store/sealing.js';
import { sealInFirstFormat } from './older-seal.js';
import { keyEntry, keyring } from './samples.js';

const text = Buffer.from('gho_16C7e42F292c6912E7710c838347Ae178B4a');
const place = 'field\nowner\nc/github\n1';
const unreadable = expect.objectContaining({ code: 'stored_token_unreadable' });

/** Where the parts lie for a key id of two characters. */
const regions = { format: 0, 'id length': 1, 'key id': 2, salt: 4, ciphertext: 20, tag: 20 + text.length } as const;

function flip(bytes: Buffer, position: number, bit = 0): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(position) ^ (1 << bit), position);
  return changed;
}

describe('sealed bytes', () => {
  it('open to what was sealed, empty text included', () => {
    const keys = keyring('k1');
    for (const plain of [text, Buffer.alloc(0), randomBytes(70_000)]) {
      expect(keys.open(keys.seal(plain, place), place).equals(plain)).toBe(true);
    }
  });

  it('cost 36 bytes with a key id of two characters', () => {
    expect(keyring('k1').seal(text, place)).toHaveLength(text.length + 36);
  });

  it.each(Object.entries(regions))('do not open when a bit of the %s is changed (S1)', (region, start) => {
    const keys = keyring('k1');
    const sealed = keys.seal(text, place);
    for (let bit = 0; bit < 8; bit += 1) {
      const edited = flip(sealed, start, bit);
      if (region === 'key id' || region === 'id length') {
        expect(() => keys.open(edited, place)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^(key_unavailable|stored_token_unreadable)$/) }),
        );
      } else {
        expect(() => keys.open(edited, place)).toThrow(unreadable);
      }
    }
  });

  it('do not open when any single bit is changed', () => {
    const keys = keyring('k1');
    const sealed = keys.seal(text, place);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.nat(7), (position, bit) => {
        expect(() => keys.open(flip(sealed, position, bit), place)).toThrow();
      }),
    );
  });

  it('do not open cut short or prolonged, whatever is left of the tag (S3)', () => {
    const keys = keyring('k1');
    const sealed = keys.seal(text, place);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => keys.open(sealed.subarray(0, length), place)).toThrow(unreadable);
    }
    expect(() => keys.open(Buffer.concat([sealed, Buffer.from([0])]), place)).toThrow(unreadable);
  });

  it('do not open as any bytes that we did not make', () => {
    const keys = keyring('k1');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => keys.open(Buffer.from(bytes), place)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^(key_unavailable|stored_token_unreadable)$/) }),
        );
      }),
    );
  });

  it.each([
    ['the format', 3, 'k9'],
    ['the form of a key id', 2, 'k 9'],
  ])('that do not have %s are no seal of ours: they name no key', (_, format, id) => {
    const strange = Buffer.concat([Buffer.from([format, id.length]), Buffer.from(id), Buffer.alloc(64)]);
    expect(() => keyring('k1').open(strange, place)).toThrow(unreadable);
    expect(sealingKeyIdOf(strange)).toBeUndefined();
  });

  it.each([
    ['another owner', 'field\nother\nc/github\n1'],
    ['another field', 'field\nowner\nc/slack\n1'],
    ['an earlier generation', 'field\nowner\nc/github\n0'],
    ['another purpose', 'expiring\nowner\nc/github\n1'],
  ])('do not open at %s (S1)', (_, elsewhere) => {
    const keys = keyring('k1');
    expect(() => keys.open(keys.seal(text, place), elsewhere)).toThrow(unreadable);
  });

  it('bind the key id: the same key under another id does not open', () => {
    const entry = keyEntry('k1');
    const sealed = Keyring.parse(entry).seal(text, place);
    sealed.write('k2', 2, 'latin1');
    expect(() => Keyring.parse(entry.replace('k1', 'k2')).open(sealed, place)).toThrow(unreadable);
  });

  it('differ each time, salt, ciphertext and tag (S2)', () => {
    const keys = keyring('k1');
    // More than the salts that are drawn at once.
    const seals = Array.from({ length: 300 }, () => keys.seal(text, place));
    for (const [from, to] of [
      [4, 20],
      [20, 36],
      [-16, undefined],
    ] as const) {
      expect(new Set(seals.map((sealed) => sealed.subarray(from, to).toString('hex'))).size).toBe(300);
    }
  });

  it('are AES-256-GCM under a key and nonce derived per write (S2)', () => {
    const entry = keyEntry('k1');
    const sealed = Keyring.parse(entry).seal(text, place);
    const master = Buffer.from(entry.slice(3), 'base64');
    // NIST SP 800-56C r2 section 4.1: the hash of a counter, the secret, and what tells this use from others.
    const parts = [Buffer.from([0, 0, 0, 1]), master, Buffer.from('valetkey data key 2'), sealed.subarray(4, 20)];
    const derived = createHash('sha512').update(Buffer.concat(parts)).digest();
    const cipher = createCipheriv('aes-256-gcm', derived.subarray(0, 32), derived.subarray(32, 44));
    cipher.setAAD(Buffer.concat([sealed.subarray(0, 4), Buffer.from(place)]));
    const expected = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    expect(sealed.subarray(20).equals(expected)).toBe(true);
  });

  it('of the first format still open, but not with the format byte of the second, nor the other way round', () => {
    const entry = keyEntry('k1');
    const keys = Keyring.parse(entry);
    const first = sealInFirstFormat(entry, text, place);
    expect(keys.open(first, place).equals(text)).toBe(true);
    expect(sealingKeyIdOf(first)).toBe('k1');
    const second = keys.seal(text, place);
    for (const sealed of [first, second]) sealed.writeUInt8(3 - sealed.readUInt8(0), 0);
    for (const sealed of [first, second]) expect(() => keys.open(sealed, place)).toThrow(unreadable);
  });
});

describe('key rotation', () => {
  const [k1, k2] = [keyEntry('k1'), keyEntry('k2')];

  it('seals under the first key and opens under all', () => {
    const sealed = Keyring.parse(k1).seal(text, place);
    const both = Keyring.parse(`${k2}, ${k1}`);
    expect([both.activeKeyId, both.keyIds]).toEqual(['k2', ['k2', 'k1']]);
    expect(both.open(sealed, place).equals(text)).toBe(true);
    expect(Keyring.parse(k2).open(both.seal(text, place), place).equals(text)).toBe(true);
  });

  it('says which key is missing (S4)', () => {
    const sealed = Keyring.parse(k1).seal(text, place);
    expect(() => Keyring.parse(k2).open(sealed, place)).toThrow(
      expect.objectContaining({ code: 'key_unavailable', keyId: 'k1' }),
    );
  });

  it('keeps digests matching that were made under an older key', () => {
    const mac = Keyring.parse(k1).mac('return code', 'ABCD');
    const both = Keyring.parse(`${k2},${k1}`);
    expect(both.macMatches('return code', 'ABCD', mac)).toBe(true);
    expect(both.macMatches('other label', 'ABCD', mac)).toBe(false);
    expect(both.macMatches('return code', 'ABCE', mac)).toBe(false);
    expect(both.macMatches('return code', 'ABCD', mac.subarray(1))).toBe(false);
    expect(Keyring.parse(k2).macMatches('return code', 'ABCD', mac)).toBe(false);
  });
});

describe('ENCRYPTION_KEYS', () => {
  const good = randomBytes(32).toString('base64');
  const url = Buffer.alloc(32, 0xfb).toString('base64url');

  it.each([
    ['nothing', ''],
    ['no id', good],
    ['an empty id', `:${good}`],
    ['an id with a space', `k 1:${good}`],
    ['an id of 33 characters', `${'k'.repeat(33)}:${good}`],
    ['an id with a line break', `k1\n:${good}`],
    ['an empty key', 'k1:'],
    ['31 bytes', `k1:${randomBytes(31).toString('base64')}`],
    ['33 bytes', `k1:${randomBytes(33).toString('base64')}`],
    ['no padding', `k1:${good.slice(0, -1)}`],
    ['base64url', `k1:${url}=`],
    ['characters that a lenient decoder skips', `k1:${good.slice(0, 20)}\n${good.slice(20)}`],
    ['bits beyond the 32nd byte', `k1:${Buffer.alloc(32).toString('base64').slice(0, 42)}B=`],
    ['hex', `k1:${randomBytes(32).toString('hex')}`],
    ['one id twice', `k1:${good},${keyEntry('k1')}`],
    ['a comma too many', `k1:${good},`],
  ])('is refused with %s, without repeating it (S3)', (_, entry) => {
    let thrown: unknown;
    try {
      Keyring.parse(entry);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'configuration_invalid', faults: [{ name: 'ENCRYPTION_KEYS' }] });
    expect(inspect(thrown)).not.toContain(good.slice(0, 12));
  });

  it('is refused with the position of the faulty key', () => {
    expect(() => Keyring.parse(`${keyEntry('k1')},k2:x`)).toThrow(
      expect.objectContaining({ faults: [expect.objectContaining({ problem: expect.stringContaining('key 2 ') })] }),
    );
  });

  it('never shows a key, however the keyring is printed (S7)', () => {
    const keys = Keyring.parse(`k1:${good}`);
    const shown = [inspect(keys, { depth: 9, showHidden: true }), JSON.stringify(keys), String(keys)].join();
    expect(shown).not.toContain(good);
    expect(shown).not.toContain(Buffer.from(good, 'base64').toString('hex').slice(0, 16));
    expect(JSON.stringify(keys)).toBe('{"keyIds":["k1"]}');
  });
});
