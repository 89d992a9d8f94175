/** The shapes of what is kept: every field comes back, every field is checked, and only what is listed may be missing. */

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as connect from '../../src/core/connect.js';
import { connectionSchema } from '../../src/core/connection.js';
import { connectionEventSchema } from '../../src/core/events.js';
import { at, connection, shapes, tokenSet } from './full-records.js';

/** Every place of a record, arrays and objects included: `tokenSet`, `tokenSet.scope`, `tokenSet.scope.0`. */
function placesIn(value: unknown, path: readonly string[] = []): string[] {
  const inside = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [
    ...(path.length > 0 ? [path.join('.')] : []),
    ...inside.flatMap(([key, each]) => placesIn(each, [...path, key])),
  ];
}

/** The record with one place changed; `undefined` takes it out. */
function withPlace(value: unknown, place: string, change: (value: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const [key, ...rest] = place.split('.');
  const entries = Object.entries(value).map(([name, each]): [string, unknown] => {
    if (name !== key) return [name, each];
    return [name, rest.length === 0 ? change(each) : withPlace(each, rest.join('.'), change)];
  });
  if (Array.isArray(value)) return entries.map(([, each]) => each);
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
}

describe.each(shapes)('%s', (_name, schema, record, mayLack) => {
  const takes = (place: string, value: unknown) => schema.safeParse(withPlace(record, place, () => value)).success;

  it('comes back whole', () => {
    expect(z.encode(schema, schema.parse(record))).toEqual(record);
  });

  it('is refused when one of its fields is something else', () => {
    expect(placesIn(record).filter((place) => takes(place, { strange: [] }))).toEqual([]);
  });

  it('may lack what is listed, and nothing else', () => {
    const fields = placesIn(record).filter((place) => !/\.\d+$/.test(place));
    const listed = mayLack.filter((place) => fields.includes(place));
    expect(fields.filter((place) => takes(place, undefined)).sort()).toEqual([...listed].sort());
  });
});

const recordsWithTimes = shapes.filter(([, schema]) => schema !== connectionEventSchema);
it.each(recordsWithTimes)('%s has no time before 1970 or between two milliseconds', (_name, schema, record) => {
  const times = placesIn(record).filter((place) => {
    let isTime = false;
    withPlace(record, place, (value) => {
      isTime = value === at;
      return value;
    });
    return isTime;
  });
  const taken = (time: number) =>
    times.filter((place) => schema.safeParse(withPlace(record, place, () => time)).success);
  expect(taken(0)).toEqual(times);
  expect([...taken(-1), ...taken(0.5)]).toEqual([]);
});

it.each([
  ['no rounds', connect.scopeStepUpSchema, { connectId: 'cn_1', scope: [], rounds: -1 }],
  ['no tries', connectionSchema, { ...connection, state: { kind: 'uncertain', since: at, attempts: 0 } }],
  ['no account id', connectionSchema, { ...connection, identity: { id: '' } }],
  ['a long account id', connectionSchema, { ...connection, identity: { id: 'x'.repeat(513) } }],
  ['an empty token', connectionSchema, { ...connection, tokenSet: { ...tokenSet, accessToken: '' } }],
  ['a long platform', connect.chatIdentitySchema, { platform: 'x'.repeat(65), name: 'Ada' }],
  ['a long name', connect.chatIdentitySchema, { platform: 'slack', name: 'x'.repeat(129) }],
  ['no name', connect.chatIdentitySchema, { platform: 'slack', name: '' }],
])('%s is none', (_name, schema, record) => {
  expect(schema.safeParse(record).success).toBe(false);
});

it('every one-time or short-lived record has its shape under its purpose', () => {
  const purposes = Object.values(connect.expiringRecordSchemas);
  const tried = new Set<z.ZodType>(shapes.map(([, schema]) => schema));
  expect(purposes.filter((schema) => !tried.has(schema))).toEqual([]);
});
