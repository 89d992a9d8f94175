/** A write whose reply was lost: what is answered decides whether a grant is revoked, so all that can be known is told. */

import { expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { writeForCertain } from '../../src/flows/write-for-certain.js';

const away = (carriedOut: 'no' | 'unknown') => () => Promise.reject(new StoreUnavailable('away', carriedOut));

it.each(['stored', 'moved'] as const)('is not looked for where the store has said that it is %s', async (outcome) => {
  const look = vi.fn(async () => true);
  expect(await writeForCertain(async () => outcome, look)).toBe(outcome);
  expect(look).not.toHaveBeenCalled();
});

it('is stored where it is found, and certainly not where it is not', async () => {
  expect(await writeForCertain(away('unknown'), async () => true)).toBe('stored');
  await expect(writeForCertain(away('unknown'), async () => false)).rejects.toMatchObject({ carriedOut: 'no' });
});

it('stays unknown where the store does not answer the look either', async () => {
  await expect(writeForCertain(away('unknown'), away('no'))).rejects.toMatchObject({ carriedOut: 'unknown' });
});

it('is not looked for where the store has certainly not had it, or where it failed otherwise', async () => {
  const look = vi.fn(async () => true);
  await expect(writeForCertain(away('no'), look)).rejects.toMatchObject({ carriedOut: 'no' });
  await expect(writeForCertain(() => Promise.reject(new RangeError('other')), look)).rejects.toThrow(RangeError);
  expect(look).not.toHaveBeenCalled();
});
