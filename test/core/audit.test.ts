import { expect, it } from 'vitest';
import { tokenDigestOf } from '../../src/core/audit.js';

it('a token is known in the trail by the first 12 digits of its SHA-256 (FIPS 180-4, example "abc")', () => {
  expect(tokenDigestOf('abc')).toBe('ba7816bf8f01');
});
