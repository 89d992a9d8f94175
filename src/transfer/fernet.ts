/** Opens Fernet tokens (version 0x80 of the Fernet specification), for importing what was sealed with them. */

import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

const version = 0x80;
/** Version (1), timestamp (8), IV (16); then the ciphertext; then the HMAC (32). */
const headerBytes = 25;
const macBytes = 32;
const blockBytes = 16;

/** A key's two halves. */
export interface FernetKey {
  readonly signing: Buffer;
  readonly encryption: Buffer;
}

/** Why a token did not open. Its content is never quoted. */
export class FernetRefused extends Error {}

/** Reads a key: base64url of 32 bytes. `undefined` when it is not one. */
export function parseFernetKey(text: string): FernetKey | undefined {
  const bytes = decode(text);
  return bytes?.length === 32 ? { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) } : undefined;
}

/**
 * Opens a token with the key that signed it, however old it is. Nothing is decrypted before the MAC was verified.
 *
 * @throws {FernetRefused}
 */
export function openFernet(token: string, keys: readonly FernetKey[]): Buffer {
  const bytes = decode(token);
  if (!bytes || bytes[0] !== version || bytes.length < headerBytes + macBytes) throw new FernetRefused('not a token');
  const signed = bytes.subarray(0, -macBytes);
  const mac = bytes.subarray(-macBytes);
  const key = keys.find(({ signing }) => timingSafeEqual(createHmac('sha256', signing).update(signed).digest(), mac));
  if (!key) throw new FernetRefused('sealed with another key, or changed');
  const ciphertext = signed.subarray(headerBytes);
  if (ciphertext.length === 0 || ciphertext.length % blockBytes !== 0) throw new FernetRefused('not whole blocks');
  const decipher = createDecipheriv('aes-128-cbc', key.encryption, signed.subarray(9, headerBytes));
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    throw new FernetRefused('the padding is not right');
  }
}

/**
 * The specification wants padded base64url. Node's decoder ignores unknown characters, so only a text that encodes to itself
 * again is accepted.
 */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  const canonical = bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return canonical === text ? bytes : undefined;
}
