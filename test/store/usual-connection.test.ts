/** The reader and the writer by hand say the same as the schemas, or nothing. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Connection, connectionSchema } from '../../src/core/connection.js';
import { Secret } from '../../src/core/secret.js';
import { connectionTuple, packConnection, unpackConnection } from '../../src/store/connection-record.js';
import { unpackText } from '../../src/store/packed-text.js';
import { formatConnection } from '../../src/store/records.js';
import { readUsualConnection } from '../../src/store/usual-connection.js';
import { aConnection, aFullConnection, anOwner, revealed } from './samples.js';

const record = z.tuple([z.literal(1), connectionTuple]).rest(z.unknown());
const written = (connection: Parameters<typeof formatConnection>[0]): unknown =>
  JSON.parse(unpackText(formatConnection(connection)));

/** What the schemas make of a record; `undefined` when they refuse it. */
function bySchemas(value: unknown) {
  const { data } = record.safeParse(value);
  return data === undefined ? undefined : connectionSchema.safeParse(unpackConnection(data[1])).data;
}

describe('the reader by hand', () => {
  it.each([
    ['of a usual connection', aConnection(anOwner())],
    ['of another tenant', aConnection(anOwner('acme'))],
    ['without identity', { ...aConnection(anOwner()), identity: undefined }],
  ])('reads a record %s, as the schemas do', (_name, connection) => {
    const value = written(connection);
    expect(revealed(readUsualConnection(value))).toEqual(revealed(bySchemas(value)));
    expect(readUsualConnection(value)).toBeDefined();
  });

  it('leaves a record in another state, with parameters or paused, to the schemas', () => {
    const usual = aConnection(anOwner());
    const uncertain = { ...usual, state: { kind: 'uncertain' as const, since: 1, attempts: 1 } };
    expect(readUsualConnection(written(uncertain))).toBeUndefined();
    expect(readUsualConnection(written({ ...usual, parameters: { tenant: 'contoso' } }))).toBeUndefined();
    expect(readUsualConnection(written({ ...usual, pausedAt: usual.connectedAt }))).toBeUndefined();
  });

  it('never says what the schemas do not say, whatever stands in whichever place', () => {
    const samples = [aConnection(anOwner()), aConnection(anOwner('acme')), aFullConnection(anOwner())].map(written);
    const odd = fc.oneof(
      fc.constantFrom(null, 0, 1, -1, 1.5, '', 'a b', 'text', 'Ünïcode', '\u0007', 1e15, 1e17, true, 'x'.repeat(600)),
      fc.array(fc.oneof(fc.integer({ min: -2, max: 9 }), fc.constantFrom(null, '', 'text', 'x'.repeat(400))), {
        maxLength: 4,
      }),
      fc.constantFrom({}, { kind: 'active' }, { a: 'b' }),
    );
    let agreed = 0;
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(19), odd, fc.nat(20), (sample, place, value, length) => {
        const changed = structuredClone(sample);
        const tuple = Array.isArray(changed) && Array.isArray(changed[1]) ? changed[1] : [];
        if (place < tuple.length) tuple[place] = value;
        if (length > 12) tuple.splice(length);
        const read = readUsualConnection(changed);
        if (read === undefined) return;
        agreed += 1;
        expect(revealed(read)).toEqual(revealed(bySchemas(changed)));
      }),
      { numRuns: 3000 },
    );
    expect(agreed).toBeGreaterThan(100);
  });
});

describe('the writer by hand', () => {
  const bySchema = (connection: Connection) =>
    JSON.parse(JSON.stringify([1, packConnection(z.encode(connectionSchema, connection))]));

  it('writes what the schema writes, whatever the connection holds', () => {
    const usual = aConnection(anOwner());
    const others: Partial<Connection>[] = [
      {},
      { state: { kind: 'uncertain', since: 1, attempts: 1 } },
      { parameters: { tenant: 'contoso' } },
      { requestedScope: [], identity: undefined },
      { tokenSet: { ...usual.tokenSet, refreshExpiresAt: usual.connectedAt + 1 } },
    ];
    const connections = [aFullConnection(anOwner()), ...others.map((other) => ({ ...usual, ...other }))];
    for (const connection of connections) expect(written(connection)).toEqual(bySchema(connection));
  });

  it.each([
    ['a time that is none', { updatedAt: -1 }],
    [
      'an access token of no characters',
      { tokenSet: { ...aConnection(anOwner()).tokenSet, accessToken: new Secret('') } },
    ],
    ['a name that is too long', { identity: { id: '1', name: 'x'.repeat(201) } }],
  ])('refuses %s, as the schema does', (_what, odd: Partial<Connection>) => {
    expect(() => formatConnection({ ...aConnection(anOwner()), ...odd })).toThrow();
  });
});
