/** Which key sealed how many records, and moving them all under the first key while the service runs. */

import { OAuthManagerError } from '../core/errors.js';
import type { StorageEngine } from './engine.js';
import { listRegisteredKeys, registerKeys, retireKey } from './key-registry.js';
import { type SealedKind, type SealedRecord, walkSealedRecords } from './sealed-records.js';
import { type Keyring, sealingKeyIdOf } from './sealing.js';

/** One key and how many records are sealed under it. */
export interface KeyUse {
  readonly id: string;
  /** It seals what is written now. */
  readonly active: boolean;
  /** It is in ENCRYPTION_KEYS. */
  readonly available: boolean;
  /** The store refuses to be opened without it. */
  readonly registered: boolean;
  readonly records: Readonly<Record<SealedKind, number>>;
}

/** Called after every record. `total` is known once they were counted. An error thrown here ends the work. */
export type OnProgress = (progress: { readonly done: number; readonly total?: number }) => void;

/** A record that could not be opened, and the code of the error. */
export interface Unopened {
  readonly where: string;
  readonly code: string;
}

const none: Readonly<Record<SealedKind, number>> = {
  connection: 0,
  grant: 0,
  document: 0,
  short_lived: 0,
  event: 0,
  audit: 0,
};

/** Stands for the key of records that name no key: damaged, or of a later version. */
export const unnamedKey = 'unreadable';

/** Counts the records under each key; changes nothing and needs no key. Keys of the keyring first, in its order. */
export async function countByKey(
  engine: StorageEngine,
  keyring: Keyring,
  onProgress: OnProgress = () => undefined,
): Promise<readonly KeyUse[]> {
  const counts = new Map<string, Record<SealedKind, number>>();
  let done = 0;
  for await (const record of walkSealedRecords(engine)) {
    const id = keyIdOf(record);
    const count = counts.get(id) ?? { ...none };
    count[record.kind] += 1;
    counts.set(id, count);
    done += 1;
    onProgress({ done });
  }
  const registered = await listRegisteredKeys(engine);
  const ids = new Set([...keyring.keyIds, ...registered, ...counts.keys()]);
  return [...ids].map((id) => ({
    id,
    active: id === keyring.activeKeyId,
    available: keyring.keyIds.includes(id),
    registered: registered.includes(id),
    records: counts.get(id) ?? none,
  }));
}

function keyIdOf({ sealed }: SealedRecord): string {
  return sealingKeyIdOf(sealed) ?? unnamedKey;
}

/** How many records are sealed under a key. */
export function totalOf({ records }: KeyUse): number {
  return Object.values(records).reduce((sum, count) => sum + count, 0);
}

/** The result of opening every record. */
export interface Verification {
  readonly opened: number;
  readonly unopened: readonly Unopened[];
  /** How many of them per key named in the record; `unreadable` for those that name none. */
  readonly unopenedByKey: ReadonlyMap<string, number>;
}

/** Opens and reads every record; changes nothing. */
export async function verifyRecords(
  engine: StorageEngine,
  keyring: Keyring,
  onProgress: OnProgress = () => undefined,
): Promise<Verification> {
  const unopened: Unopened[] = [];
  const unopenedByKey = new Map<string, number>();
  let opened = 0;
  for await (const record of walkSealedRecords(engine)) {
    try {
      record.parse(keyring.open(record.sealed, record.associated));
      opened += 1;
    } catch (error) {
      unopened.push(describeUnopened(record, error));
      const id = keyIdOf(record);
      unopenedByKey.set(id, (unopenedByKey.get(id) ?? 0) + 1);
    }
    onProgress({ done: opened + unopened.length });
  }
  return { opened, unopened, unopenedByKey };
}

/** What a rotation has done, and what it has left. */
export interface Rotation {
  readonly resealed: number;
  /** Left as they were, for the operator. */
  readonly unopened: readonly Unopened[];
  /** Keys that were removed from the register: nothing is sealed under them. */
  readonly retired: readonly string[];
  /** The use of each key afterwards. */
  readonly keys: readonly KeyUse[];
}

/** A record that a running service rewrites at the same moment is left for another pass; at most this many passes. */
const mostPasses = 5;

/**
 * Seals every lasting record under the first key, by compare-and-set, while services run. It may be stopped at any time and
 * started again: finished records are skipped. Keys under which nothing is sealed leave the register: at the start those
 * that are not in the keyring, at the end all. Short-lived records, events and the audit trail are not rewritten, and keep
 * their key registered until they have expired.
 *
 * @throws {KeyUnavailable} the store was written with a key that is not in the keyring
 */
export async function rotateKeys(
  engine: StorageEngine,
  keyring: Keyring,
  onProgress: OnProgress = () => undefined,
): Promise<Rotation> {
  const before = await countByKey(engine, keyring, () => onProgress({ done: 0 }));
  const missing = before.filter(({ available }) => !available);
  const mistaken = await retireIdle(engine, missing);
  await registerKeys(engine, keyring);
  let resealed = 0;
  let unopened: Unopened[] = [];
  let total = before.filter(({ active }) => !active).reduce((sum, key) => sum + lastingOf(key), 0);
  for (let pass = 0; pass < mostPasses && total > resealed; pass += 1) {
    const failures: Unopened[] = [];
    let moved = 0;
    for await (const record of walkSealedRecords(engine)) {
      if (!isOutdated(record, keyring)) continue;
      const outcome = await reseal(record, keyring);
      if (outcome === 'resealed') onProgress({ done: ++resealed, total: Math.max(total, resealed) });
      else if (outcome === 'moved') moved += 1;
      else failures.push(outcome);
    }
    unopened = failures;
    total = resealed + moved;
  }
  const used = await countByKey(engine, keyring);
  const retired = await retireIdle(engine, used);
  const keys = used.filter(({ id }) => !retired.includes(id));
  return { resealed, unopened, retired: [...mistaken, ...retired], keys };
}

/** Removes the keys from the register under which nothing is sealed; answers their ids. */
async function retireIdle(engine: StorageEngine, keys: readonly KeyUse[]): Promise<readonly string[]> {
  const idle = keys.filter((key) => key.registered && !key.active && totalOf(key) === 0);
  for (const { id } of idle) await retireKey(engine, id);
  return idle.map(({ id }) => id);
}

/** How many records of a key do not expire by themselves. */
function lastingOf({ records }: KeyUse): number {
  return records.connection + records.grant + records.document;
}

function isOutdated({ sealed, exchange }: SealedRecord, keyring: Keyring): boolean {
  return exchange !== undefined && sealingKeyIdOf(sealed) !== keyring.activeKeyId;
}

/** The plaintext is not parsed: a record of a newer version is sealed again as it is. */
async function reseal(record: SealedRecord, keyring: Keyring): Promise<'resealed' | 'moved' | Unopened> {
  try {
    const plaintext = keyring.open(record.sealed, record.associated);
    return (await record.exchange?.(keyring.seal(plaintext, record.associated))) ? 'resealed' : 'moved';
  } catch (error) {
    return describeUnopened(record, error);
  }
}

function describeUnopened({ where }: SealedRecord, error: unknown): Unopened {
  if (!(error instanceof OAuthManagerError) || error.code === 'store_unavailable') throw error;
  return { where, code: error.code };
}
