/** The writer by hand says of an event what the schema says, or nothing. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { connectionEventSchema } from '../../src/core/events.js';
import { accountLabelSchema } from '../../src/core/identifiers.js';
import { usualEvent } from '../../src/store/usual-event.js';

const usual = connectionEventSchema.parse({
  type: 'connection.updated',
  connectionId: 'KJ2vXz4Qm1c',
  change: 'refreshed',
  at: 1_790_000_000_000,
  userId: 'telegram:100000001',
  provider: 'github',
  account: 'default',
});

it('takes the event of a connection that was updated, and no field that it does not know', () => {
  expect(usualEvent(usual)).toEqual(usual);
  expect(JSON.stringify(usualEvent(Object.assign({ access_token: 's' }, usual)))).not.toContain('access_token');
});

it('leaves every other event to the schema', () => {
  expect(usualEvent(connectionEventSchema.parse({ ...usual, type: 'connection.deleted' }))).toBeUndefined();
  expect(usualEvent({ ...usual, account: accountLabelSchema.parse('work') })).toBeUndefined();
});

it('never takes what the schema does not take, whatever stands in whichever field', () => {
  const texts = fc.constantFrom('', 'text', 'Ünïcode', '\u0007', 'x'.repeat(65), 'x'.repeat(257));
  const odd = fc.oneof(texts, fc.constantFrom(undefined, null, 0, -1, 1.5, Number.NaN, 1e17, true, {}));
  let taken = 0;
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(usual)), odd, (name, value) => {
      const event = Object.assign({}, usual, { [name]: value });
      const byHand = usualEvent(event);
      if (byHand === undefined) return;
      taken += 1;
      expect(byHand).toEqual(connectionEventSchema.parse(event));
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(10);
});
