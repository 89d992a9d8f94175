/** One-time records against a model: whatever is minted, taken, replayed, ended or tried elsewhere, and in which order. */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Purpose } from '../../src/core/connect.js';
import { Secret } from '../../src/core/secret.js';
import type { Store } from '../../src/core/store.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { createStore } from '../../src/store/sealed-store.js';
import { eventually, sharedRedis } from '../support/redis.js';
import { anIntent, anOwner, keyring, t0 } from './samples.js';

/** What is spent once, with a record of each kind that bears a mark. */
const records = {
  connect_link: (mark: string) => ({ intent: { ...anIntent(anOwner()), connectId: mark } }),
  account_link: (mark: string) => ({ ...anOwner(mark), createdAt: t0 }),
  pending_authorization: (mark: string) => ({
    intent: { ...anIntent(anOwner()), connectId: mark },
    codeVerifier: new Secret('v'.repeat(43)),
    redirectUri: 'https://bot.example/cb',
    browserHash: 'h',
    startedAt: t0,
  }),
} as const;
type OneTime = keyof typeof records;
const purposes: readonly OneTime[] = ['connect_link', 'account_link', 'pending_authorization'];

const markOf = (record: object | undefined): string | undefined => {
  if (record === undefined) return undefined;
  if ('intent' in record && typeof record.intent === 'object' && record.intent !== null && 'connectId' in record.intent)
    return String(record.intent.connectId);
  return 'tenant' in record ? String(record.tenant) : undefined;
};

/** What must be there: mark of the record by purpose and number of the value. Each value is used for every purpose. */
type Model = Map<string, string>;
/** Two replicas on one engine, and the secret values by number. */
interface Real {
  readonly replicas: readonly [Store, Store];
  readonly values: readonly string[];
}

const slot = (purpose: Purpose, value: number) => `${purpose}/${value}`;
const save = (store: Store, purpose: OneTime, key: string, mark: string) =>
  store.expiring.save<Purpose>(purpose, key, records[purpose](mark), 60_000);

interface Step {
  readonly purpose: OneTime;
  readonly value: number;
  readonly replica: 0 | 1;
}

/** A command: what it does to both, and what it must answer. */
abstract class Command implements fc.AsyncCommand<Model, Real> {
  readonly step: Step;
  constructor(step: Step) {
    this.step = step;
  }
  check = () => true;
  abstract run(model: Model, real: Real): Promise<void>;
  toString() {
    return `${this.constructor.name}(${this.step.purpose}, ${this.step.value}, at ${this.step.replica})`;
  }
  protected at(real: Real) {
    const { purpose, value, replica } = this.step;
    return { name: slot(purpose, value), key: real.values[value] ?? '', store: real.replicas[replica] };
  }
}

class Mint extends Command {
  async run(model: Model, real: Real) {
    const { name, key, store } = this.at(real);
    const mark = `m${randomUUID()}`;
    await save(store, this.step.purpose, key, mark);
    model.set(name, mark);
  }
}
class Look extends Command {
  async run(model: Model, real: Real) {
    const { name, key, store } = this.at(real);
    expect(markOf(await store.expiring.find(this.step.purpose, key))).toBe(model.get(name));
  }
}
class Take extends Command {
  async run(model: Model, real: Real) {
    const { name, key, store } = this.at(real);
    expect(markOf(await store.expiring.take(this.step.purpose, key))).toBe(model.get(name));
    model.delete(name);
  }
}
/** Five at once over both replicas. */
class Race extends Command {
  async run(model: Model, real: Real) {
    const { name, key } = this.at(real);
    const racers = Array.from({ length: 5 }, (_, at) => real.replicas[at % 2 === 0 ? 0 : 1]);
    const taken = await Promise.all(racers.map((store) => store.expiring.take(this.step.purpose, key)));
    const marks = taken.map(markOf).filter((mark) => mark !== undefined);
    const there = model.get(name);
    expect(marks).toEqual(there === undefined ? [] : [there]);
    model.delete(name);
  }
}
/** The value of somebody else, or one that is almost right: nothing is found, and nothing is burnt. */
class WrongValue extends Command {
  async run(_model: Model, real: Real) {
    const { key, store } = this.at(real);
    for (const wrong of [`${key} `, key.slice(1), key.toUpperCase(), ''])
      expect(await store.expiring.take(this.step.purpose, wrong)).toBeUndefined();
  }
}
class Remove extends Command {
  async run(model: Model, real: Real) {
    const { name, key, store } = this.at(real);
    await store.expiring.remove(this.step.purpose, key);
    model.delete(name);
  }
}
/** Prolonging keeps what is there and never brings anything back. */
class Prolong extends Command {
  async run(model: Model, real: Real) {
    const { name, key, store } = this.at(real);
    expect(await store.expiring.prolong(this.step.purpose, key, 60_000)).toBe(model.has(name));
  }
}
/** Its time ends, by the clock of the store. */
class Expire extends Command {
  async run(model: Model, real: Real) {
    const { name, key, store } = this.at(real);
    if (await store.expiring.prolong(this.step.purpose, key, 1))
      await eventually('it ends', async () => (await store.expiring.find(this.step.purpose, key)) === undefined);
    model.delete(name);
  }
}

const step = fc.record({
  purpose: fc.constantFrom(...purposes),
  value: fc.nat(2),
  replica: fc.constantFrom(0 as const, 1 as const),
});
const kinds = [Mint, Mint, Look, Take, Take, Race, WrongValue, Remove, Prolong, Expire];
const commands = fc.commands(
  kinds.map((Kind) => step.map((one) => new Kind(one))),
  { maxCommands: 40, size: 'medium' },
);

let dataDir: string;
const keyPrefix = `model-${randomUUID()}`;
const redis = await sharedRedis();
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'valetkey-model-'));
});
afterAll(async () => {
  await redis.stop();
  await rm(dataDir, { recursive: true, force: true });
});

describe.each([
  ['embedded', () => openEmbeddedEngine({ dataDir })],
  ['Redis', () => openRedisEngine({ url: redis.url, keyPrefix })],
] as const)('one-time records on the %s engine', (_name, open) => {
  it('are there from minting until they are taken, removed or over: once, for one purpose, under one value', async () => {
    const keys = keyring('k1');
    const replicas = [createStore(await open(), keys), createStore(await open(), keys)] as const;
    try {
      await fc.assert(
        fc.asyncProperty(commands, async (list) => {
          // New values for each run: what an earlier run has left is no part of this one.
          const values = Array.from({ length: 3 }, () => `a${randomUUID()}`);
          await fc.asyncModelRun(() => ({ model: new Map(), real: { replicas, values } }), list);
        }),
        { numRuns: 60 },
      );
    } finally {
      await Promise.all(replicas.map((store) => store.close()));
    }
  }, 60_000);
});
