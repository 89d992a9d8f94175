/** Two versions on one store: the one before and this one share refreshes, and a record of one to come is left as it is. */

import { expect, it, onTestFinished } from 'vitest';
import { ownerKeyOf } from '../../src/core/identifiers.js';
import { parseOwner } from '../../src/core/parse-input.js';
import { openManager } from '../../src/open-manager.js';
import { openEngine } from '../../src/open-store.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { rotateKeys } from '../../src/store/key-use.js';
import { parseConnection } from '../../src/store/records.js';
import { fieldSeal } from '../../src/store/sealed-fields.js';
import { createStore } from '../../src/store/sealed-store.js';
import { Keyring } from '../../src/store/sealing.js';
import { toBytes } from '../../src/store/stored-json.js';
import { writingFirstFormat } from '../store/older-seal.js';
import { managerOn } from '../support/fault-nodes.js';
import { type Place, secrets } from '../support/service.js';
import { startService } from '../support/service-process.js';
import { ask, connect, makePlace, openBench, openProvider, type StoreKind, storeKinds } from './stage.js';

const hourMs = 3_600_000;
const keyring = Keyring.parse(secrets.encryptionKeys);
const field = 'c/rotating';
const ownerOf = (user: string) => ownerKeyOf(parseOwner(user, undefined));

/** A store with its engine in hand, and the same place in the words of the environment. */
async function openStage(kind: StoreKind) {
  const place = await makePlace(kind);
  const provider = await openProvider();
  const engine = await openEngine({ encryptionKeys: secrets.encryptionKeys, ...place });
  onTestFinished(() => engine.close());
  const { redisUrl, keyPrefix, dataDir } = place;
  const variables: Place = redisUrl
    ? { REDIS_URL: redisUrl, KEY_PREFIX: keyPrefix ?? '' }
    : { DATA_DIR: dataDir ?? '' };
  // lmdb wants one opening of a file in each process, so that all managers here share it.
  const lent: StorageEngine = { ...engine, close: async () => undefined };
  return { place, provider, engine: lent, variables: { ...variables, REFRESH_AHEAD: 'false' } };
}

const formatOf = async (engine: StorageEngine, user: string) =>
  (await engine.readField(ownerOf(user), field))?.bytes.at(0);

it.each(storeKinds)(
  'processes that write the first and the second seal refresh the same connections on the %s store, and lose nothing',
  async (kind) => {
    const { place, provider, engine, variables } = await openStage(kind);
    const old = await openManager({
      ...managerOn(place, provider.entry),
      store: createStore(engine, writingFirstFormat(keyring, secrets.encryptionKeys)),
    });
    onTestFinished(() => old.close());
    const users = Array.from({ length: 10 }, (_, index) => `u${index}`);
    for (const user of users)
      await connect({ manager: old, clock: { now: Date.now } }, provider, { user, leftMs: hourMs });
    const young = await startService(variables, provider.entry);

    const refreshByTurns = async (user: string) => {
      const formats = new Set<number | undefined>();
      for (let turn = 0; turn < 6; turn += 1) {
        const token = await ask({ manager: old }, user);
        expect((await young.bot.token(user, 'rotating')).body.access_token).toBe(token);
        if (turn % 2 === 0) expect((await young.bot.reject(user, 'rotating', token)).status).toBe(200);
        else {
          const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('hex');
          await old.refreshToken(user, 'rotating', { rejectedTokenSha256: digest });
        }
        formats.add(await formatOf(engine, user));
      }
      return formats;
    };
    for (const formats of await Promise.all(users.map(refreshByTurns))) expect(formats).toEqual(new Set([1, 2]));
    expect(provider.seen).toMatchObject({ redemptions: users.length * 6, reuses: 0 });
    // Both at the same time: one of them sends, and the other has what came of it.
    const both = users.map(async (user) => {
      const token = await ask({ manager: old }, user);
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('hex');
      const [one, other] = await Promise.all([
        old.refreshToken(user, 'rotating', { rejectedTokenSha256: digest }),
        young.bot.reject(user, 'rotating', token),
      ]);
      expect(other.body.access_token).toBe(one.accessToken.reveal());
    });
    await Promise.all(both);
    expect(provider.seen).toMatchObject({ redemptions: users.length * 7, reuses: 0 });
    expect((await rotateKeys(engine, keyring)).unopened).toEqual([]);
  },
  60_000,
);

it.each(storeKinds)(
  'a record of a later version is refused, and neither lost nor changed, on the %s store (F14)',
  async (kind) => {
    const { place, provider, engine } = await openStage(kind);
    const store = () => ({ store: createStore(engine, keyring) });
    const bench = await openBench(place, provider, store());
    for (const user of ['sealed', 'inside', 'other']) await connect(bench, provider, { user, leftMs: hourMs });
    const lie = async (user: string, change: (bytes: Buffer, associated: string) => Buffer) => {
      const owner = ownerOf(user);
      const found = await engine.readField(owner, field);
      if (!found) throw new TypeError('nothing is stored');
      const bytes = change(found.bytes, fieldSeal({ owner, field }, found.version));
      await engine.exchangeField(owner, field, { version: found.version, bytes });
      return bytes;
    };
    const sealed = await lie('sealed', (bytes) => Buffer.concat([Buffer.from([3]), bytes.subarray(1)]));
    const inside = await lie('inside', (_bytes, associated) =>
      keyring.seal(toBytes([2, { later: 'form' }]), associated),
    );
    const later = await openBench(place, provider, store());
    for (const user of ['sealed', 'inside']) {
      expect(await ask(later, user)).toBe('stored_token_unreadable');
      await expect(later.manager.listUserConnections(user)).resolves.toEqual([]);
    }
    expect(await ask(later, 'other')).toMatch(/^at-/);
    expect(await later.manager.hasToken('other', 'rotating')).toBe(true);

    const rotation = await rotateKeys(engine, Keyring.parse(`k2:${'A'.repeat(43)}=,${secrets.encryptionKeys}`));
    expect(rotation.unopened).toEqual([
      { where: expect.stringContaining(ownerOf('sealed')), code: 'stored_token_unreadable' },
    ]);
    expect(rotation.retired).toEqual([]);
    expect((await engine.readField(ownerOf('sealed'), field))?.bytes.equals(sealed)).toBe(true);
    // What is inside is not judged: it goes under the new key as it is, for the version that can read it.
    const turned = await engine.readField(ownerOf('inside'), field);
    expect(turned?.bytes.equals(inside)).toBe(false);
    const opened = Keyring.parse(`k2:${'A'.repeat(43)}=`).open(
      turned?.bytes ?? Buffer.alloc(0),
      fieldSeal({ owner: ownerOf('inside'), field }, turned?.version ?? 0),
    );
    expect(opened.toString()).toBe('[2,{"later":"form"}]');
    expect(() => parseConnection(opened)).toThrow(/this version cannot read/);
  },
  30_000,
);
