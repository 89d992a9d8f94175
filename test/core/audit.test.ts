import { expect, it } from 'vitest';
import { auditEntrySchema, operatorActor, tokenDigestOf } from '../../src/core/audit.js';

it('a token is known in the trail by the first 12 digits of its SHA-256 (FIPS 180-4, example "abc")', () => {
  expect(tokenDigestOf('abc')).toBe('ba7816bf8f01');
});

it.each(['0123456789a', '0123456789abc', 'x0123456789ab', '0123456789ab0', '0123456789AB', ''])(
  'no more and no less than these 12 digits stand in an entry: not "%s"',
  (token_digest) => {
    expect(auditEntrySchema.shape.token_digest.safeParse(token_digest).success).toBe(false);
  },
);

it('what is done on the command line is done by the operator', () => {
  expect(operatorActor).toEqual({ kind: 'operator', id: 'cli' });
});
