/** The reader and the writer by hand say the same as the schemas, or nothing. */

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Connection, connectionSchema } from '../../src/core/connection.js';
import { Secret } from '../../src/core/secret.js';
import { connectionTuple, packConnection, unpackConnection } from '../../src/store/connection-record.js';
import { unpackText } from '../../src/store/packed-text.js';
import { formatConnection } from '../../src/store/records.js';
import { readUsualConnection } from '../../src/store/usual-connection.js';
import { aConnection, aFullConnection, anOwner, revealed, t0 } from './samples.js';

const record = z.tuple([z.literal(1), connectionTuple]).rest(z.unknown());
const written = (connection: Parameters<typeof formatConnection>[0]): unknown =>
  JSON.parse(unpackText(formatConnection(connection)));

/** What the schemas make of a record; `undefined` when they refuse it. */
function bySchemas(value: unknown) {
  const { data } = record.safeParse(value);
  return data === undefined ? undefined : connectionSchema.safeParse(unpackConnection(data[1])).data;
}

/** With a refresh token, and an end. */
function aRefreshable(): Connection {
  const usual = aConnection(anOwner());
  const refreshed = {
    refreshToken: new Secret('ghr_1B4a2e77838347a7E420ce178F2E7c6912E1'),
    expiresAt: t0 + 28_800_000,
  };
  return { ...usual, tokenSet: { ...usual.tokenSet, ...refreshed } };
}

/** At the edges of what is usual. */
function anExtreme(): Connection {
  const usual = aRefreshable();
  const identity = { id: 'i'.repeat(512), name: 'n'.repeat(200), email: 'e'.repeat(320) };
  const tokenSet = { ...usual.tokenSet, obtainedAt: 0 };
  const proof = { ...usual.proof, provenAt: 0 };
  return { ...usual, identity, tokenSet, proof, connectedAt: 0, updatedAt: 0 };
}

/** What may stand in a place of a record by mistake: plain values, and lists of up to three of them. */
const oddities: readonly unknown[] = (() => {
  const long = [201, 321, 513].map((length) => 'x'.repeat(length));
  const plain = [null, 0, 2, -1, '', 'text', ...long];
  const ofTwo = plain.flatMap((one) => plain.map((other) => [one, other]));
  const ofThree = ofTwo.flatMap((two) => plain.map((last) => [...two, last]));
  const others = [1.5, 1e15, 1e17, 'a b', 'Ünïcode', '\u0007', true, {}, { kind: 'active' }, { a: 'b' }];
  return [...plain, ...others, [], ...plain.map((one) => [one]), ...ofTwo, ...ofThree, [2, null, null, null]];
})();

describe('the reader by hand', () => {
  it.each([
    ['of a usual connection', aConnection(anOwner())],
    ['of another tenant', aConnection(anOwner('acme'))],
    ['without identity', { ...aConnection(anOwner()), identity: undefined }],
    ['that is refreshed', aRefreshable()],
    ['with the longest texts and at the earliest time', anExtreme()],
    ['that no link has begun', { ...aConnection(anOwner()), proof: { mode: 'none' as const, provenAt: t0 } }],
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
    const samples = [aConnection(anOwner('acme')), aRefreshable(), anExtreme()].map(written);
    let agreed = 0;
    const compare = (changed: unknown) => {
      const read = readUsualConnection(changed);
      if (read === undefined) return;
      agreed += 1;
      expect(revealed(read)).toEqual(revealed(bySchemas(changed)));
    };
    for (const sample of samples) {
      const tuple = Array.isArray(sample) && Array.isArray(sample[1]) ? sample[1] : [];
      for (let place = 0; place < 20; place += 1) {
        const places = Array.from({ length: Math.max(tuple.length, place + 1) }, (_, at) => tuple[at] ?? null);
        for (const odd of oddities) compare([1, places.with(place, odd)]);
      }
      for (let length = 0; length < tuple.length; length += 1) compare([1, tuple.slice(0, length)]);
    }
    expect(agreed).toBeGreaterThan(100);
  });

  it.each([
    ['of a later version', (tuple: unknown) => [2, tuple]],
    ['of another form', (tuple: unknown) => ({ 0: 1, 1: tuple })],
    ['without places', () => [1, { length: 0 }]],
  ])('leaves a record %s to the schemas', (_name, changed) => {
    const usual = written(aConnection(anOwner()));
    expect(readUsualConnection(changed(Array.isArray(usual) && usual[1]))).toBeUndefined();
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
