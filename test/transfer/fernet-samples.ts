/** Fernet tokens as older programs made them, for tests of the import. */

import { createCipheriv, createHmac, randomBytes } from 'node:crypto';

const urlSafe = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');

/** A new key. */
export const fernetKey = () => urlSafe(randomBytes(32));

/** Seals a text under a key, at the Unix epoch: ages do not matter here. */
export function sealFernet(text: string, key: string): string {
  const bytes = Buffer.from(key, 'base64url');
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', bytes.subarray(16), iv);
  const signed = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(8), iv, cipher.update(text), cipher.final()]);
  return urlSafe(Buffer.concat([signed, createHmac('sha256', bytes.subarray(0, 16)).update(signed).digest()]));
}
