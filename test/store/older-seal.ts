/** Seals as the first format has it: what a process of that version writes, for tests of rolling deploys. */

import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Keyring } from '../../src/store/sealing.js';

/** One record in the first format: byte 1, and a data key derived by HMAC-SHA-512 (NIST SP 800-108). */
export function sealInFirstFormat(entry: string, plaintext: Buffer, associated: string): Buffer {
  const [id = '', key = ''] = entry.split(':');
  const header = Buffer.from([1, id.length, ...Buffer.from(id)]);
  const salt = randomBytes(16);
  const master = Buffer.from(key, 'base64');
  const derived = createHmac('sha512', master).update('valetkey data key 1').update(salt).digest();
  const cipher = createCipheriv('aes-256-gcm', derived.subarray(0, 32), derived.subarray(32, 44));
  cipher.setAAD(Buffer.concat([header, Buffer.from(associated)]));
  return Buffer.concat([header, salt, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The keyring of a version that reads both formats and writes the first: the one before the second came. */
export function writingFirstFormat(keyring: Keyring, entry: string): Keyring {
  return new Proxy(keyring, {
    get(target, name) {
      if (name === 'seal')
        return (plaintext: Buffer, associated: string) => sealInFirstFormat(entry, plaintext, associated);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
