/** An owner's fields in one string: what Redis writes is what is read here, and anything else is refused. */

import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { ownerKeyOf } from '../../src/core/identifiers.js';
import type { StorageEngine, Versioned } from '../../src/store/engine.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { findField, formatFields, parseFields } from '../../src/store/redis/stored-fields.js';
import { sharedRedis } from '../support/redis.js';
import { anOwner } from './samples.js';

const shared = await sharedRedis();
const keyPrefix = `t-${randomUUID()}`;
let client: Redis;
let engine: StorageEngine;

beforeAll(async () => {
  client = new Redis(shared.url, { protocol: 2, lazyConnect: true });
  await client.connect();
  engine = await openRedisEngine({ url: shared.url, keyPrefix });
});
afterAll(async () => {
  await engine.close();
  client.disconnect();
  await shared.stop();
});

const versioned = fc.record({
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  bytes: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
});
const fieldName = fc.stringMatching(/^[cg]\/[a-zA-Z0-9_/-]{1,120}$/);
const someFields = fc.uniqueArray(fc.tuple(fieldName, versioned), {
  minLength: 1,
  maxLength: 6,
  selector: ([name]) => name,
});

describe('the fields of an owner', () => {
  it('are the same bytes whether the script wrote them one by one or they are written here', async () => {
    await fc.assert(
      fc.asyncProperty(someFields, async (fields) => {
        const owner = ownerKeyOf(anOwner());
        for (const [field, next] of fields) await engine.writeFields(owner, [{ field, expect: 'absent', next }]);
        const stored = await client.getBuffer(`${keyPrefix}:{${owner}}`);
        expect(stored).toEqual(formatFields(new Map(fields)));
        expect([...parseFields(stored ?? Buffer.alloc(0))]).toEqual(fields);
        for (const [name, field] of fields) expect(await engine.readField(owner, name)).toEqual(field);
      }),
      { numRuns: 40 },
    );
  });

  it('leave no key behind when the last of them is removed, and the others as they were before', async () => {
    const owner = ownerKeyOf(anOwner());
    const at = (text: string): Versioned => ({ version: 1, bytes: Buffer.from(text) });
    const put = (field: string) => ({ field, expect: 'absent', next: at(field) }) as const;
    await engine.writeFields(owner, [put('c/a'), put('c/b'), put('c/c')]);
    await engine.writeFields(owner, [{ field: 'c/b', expect: 1 }]);
    expect([...(await engine.readOwner(owner)).fields]).toEqual([
      ['c/a', at('c/a')],
      ['c/c', at('c/c')],
    ]);
    await engine.writeFields(owner, [
      { field: 'c/a', expect: 1 },
      { field: 'c/c', expect: 1 },
    ]);
    expect(await client.exists(`${keyPrefix}:{${owner}}`)).toBe(0);
  });

  it('that are cut short or of another form are refused, never taken for "none"', () => {
    fc.assert(
      fc.property(someFields, fc.nat(), (fields, at) => {
        const whole = formatFields(new Map(fields));
        const cut = whole.subarray(0, 1 + (at % (whole.length - 1)));
        try {
          // A cut between two fields leaves fewer of them, whole.
          expect([...parseFields(cut)]).toEqual(fields.slice(0, parseFields(cut).size));
        } catch (error) {
          expect(error).toBeInstanceOf(StoreUnavailable);
        }
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
        try {
          parseFields(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(StoreUnavailable);
        }
      }),
    );
    expect(() => findField(Buffer.from('not fields'), 'c/a')).toThrow(StoreUnavailable);
  });
});
