/** The values that are shown once: links, states, cookies and return codes. */

import { createHash, randomBytes, randomInt } from 'node:crypto';
import { Secret } from '../core/secret.js';

/** 256 random bits as 43 characters of base64url. */
export function newOneTimeValue(): Secret {
  return new Secret(randomBytes(32).toString('base64url'));
}

/** Without 0 O 1 I L and U: nothing that looks like something else, and fewer accidental words. */
const codeAlphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Characters of a return code. */
export const returnCodeLength = 8;

/** A return code: 8 characters, 39 bits; what makes it safe are five tries and ten minutes. */
export function newReturnCode(): Secret {
  return new Secret(
    Array.from({ length: returnCodeLength }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join(''),
  );
}

/**
 * What a person typed, as it was meant: upper case, without the blanks and dashes that people add. Keyboards make long
 * dashes of short ones, and messengers put invisible marks (Cf) around what is copied; neither costs a try.
 */
export function normalizeReturnCode(typed: string): string {
  return typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\p{Pd}\p{Cf}\u2212]/gu, '');
}

/** SHA-256 as base64url, for values that are compared and never shown. */
export function digestOf(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}

/** An identifier that is not secret but not guessable either. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(15).toString('base64url')}`;
}
