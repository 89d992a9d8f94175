/** Copies a store into another one, still sealed, while services use the first; can be interrupted and repeated. */

import { createHash } from 'node:crypto';
import { ConfigurationError } from '../core/errors.js';
import type { OwnerKey } from '../core/identifiers.js';
import type { FieldChange, StorageEngine } from '../store/engine.js';
import { dueMemberOf } from '../store/field-names.js';
import {
  beginMigration,
  endMigration,
  isBeingFilled,
  markMoved,
  migrationCollection,
} from '../store/migration-mark.js';
import { type OwnerWithFields, walkNames, walkOwners } from '../store/sealed-records.js';
import { eachTogether } from './each-together.js';

const holder = 'migration';

/** The content of a store in numbers, and a digest of it that does not depend on the order of walking. */
export interface Inventory {
  readonly owners: number;
  readonly fields: number;
  readonly documents: number;
  /** Hex SHA-256 over the digests of all records, in their order. */
  readonly digest: string;
}

/** The result of a run, and how the two stores compare afterwards. */
export interface Migration {
  readonly written: number;
  readonly removed: number;
  readonly source: Inventory;
  readonly target: Inventory;
  /** Both hold the same. */
  readonly equal: boolean;
  readonly finished: boolean;
}

/** From where, to where, and whether this is the last run. */
export interface MigrationPlan {
  readonly source: StorageEngine;
  readonly target: StorageEngine;
  /** Ends the migration if both are equal, so that services may use the target. */
  readonly finish: boolean;
}

/**
 * Makes the target hold the same as the source: connections, grants, marks, intents of refreshes, documents, registered
 * keys. Short-lived records, events and the audit trail are not copied.
 *
 * @param onProgress gets the number of copied owners; an error thrown here ends the run
 * @throws {ConfigurationError} the target holds records that no migration has written; the source is empty, or is
 *   itself the target of a migration
 */
export async function migrate(
  plan: MigrationPlan,
  onProgress: (progress: { done: number }) => void = () => undefined,
): Promise<Migration> {
  const { source, target, finish } = plan;
  await refuseWrongSource(source);
  await claimTarget(target);
  const counts = { written: 0, removed: 0 };
  let done = 0;
  await eachTogether(walkOwners(source), async (owner) => {
    const written = await copyOwner(plan, owner);
    counts.written += written;
    onProgress({ done: ++done });
  });
  const onLook = () => onProgress({ done });
  counts.removed += await removeGoneOwners(source, target, onLook);
  const documents = await copyDocuments(source, target);
  const [sourceHolds, targetHolds] = [await takeInventory(source, onLook), await takeInventory(target, onLook)];
  const equal = sourceHolds.digest === targetHolds.digest;
  if (equal && finish) {
    await markMoved(source);
    await endMigration(target);
  }
  return {
    written: counts.written + documents.written,
    removed: counts.removed + documents.removed,
    source: sourceHolds,
    target: targetHolds,
    equal,
    finished: equal && finish,
  };
}

/** With another directory, or REDIS_URL set too early, the wrong store would be copied over the target. */
async function refuseWrongSource(source: StorageEngine): Promise<void> {
  const name = source.kind === 'redis' ? 'REDIS_URL' : 'DATA_DIR';
  const refuse = (problem: string) => new ConfigurationError([{ name, problem }]);
  if (await isBeingFilled(source)) throw refuse('is the store that is being filled; give the one to copy from');
  // Collections that begin with a dot belong to the store itself.
  const isEmpty = await holdsNothing(source, (collection) => collection.startsWith('.'));
  if (isEmpty) throw refuse('holds nothing to copy: is it the store that the service uses?');
}

/** Marks only an empty store: with a mark that was left behind, the next run would remove all that is in it. */
async function claimTarget(target: StorageEngine): Promise<void> {
  if (await isBeingFilled(target)) return;
  if (await holdsNothing(target, (collection) => collection === migrationCollection)) return beginMigration(target);
  const problem = 'holds records that no migration has put there; give an empty store, or another --to-prefix';
  throw new ConfigurationError([{ name: '--to', problem }]);
}

async function holdsNothing(engine: StorageEngine, isPassedOver: (collection: string) => boolean): Promise<boolean> {
  for await (const _ of walkNames(engine, 'owners')) return false;
  for await (const name of walkNames(engine, 'collections')) if (!isPassedOver(name)) return false;
  return true;
}

/** Overwrites fields that differ; answers how many fields were written or removed. */
async function copyOwner({ source, target }: MigrationPlan, read: OwnerWithFields): Promise<number> {
  const { owner } = read;
  const there = (await target.readOwner(owner)).fields;
  const changes: FieldChange[] = [];
  for (const [field, next] of read.fields) {
    const found = there.get(field);
    if (found?.version !== next.version || !found.bytes.equals(next.bytes))
      changes.push({ field, expect: 'any', next });
  }
  for (const field of there.keys()) if (!read.fields.has(field)) changes.push({ field, expect: 'any' });
  if (changes.length > 0) await target.writeFields(owner, changes);
  for (const [field, value] of read.marks) await target.mark(owner, field, value);
  for (const field of new Set([...read.fields.keys(), ...there.keys()])) {
    await copyDueTime(source, target, dueMemberOf(owner, field));
    await copyNote(source, target, { owner, field });
  }
  return changes.length;
}

async function copyDueTime(source: StorageEngine, target: StorageEngine, member: string): Promise<void> {
  const [here, there] = await Promise.all([source.dueTime(member), target.dueTime(member)]);
  if (here === there) return;
  if (here === undefined) await target.unschedule(member);
  else await target.schedule(member, here);
}

/** A note says that a refresh token may be spent; without it the token would be sent again. */
async function copyNote(
  source: StorageEngine,
  target: StorageEngine,
  { owner, field }: { owner: OwnerKey; field: string },
): Promise<void> {
  const [here, there] = await Promise.all([source.readNote(owner, field), target.readNote(owner, field)]);
  const note = here ?? there;
  const found = await target.readField(owner, field);
  if (!note || !found || (there && here?.equals(there))) return;
  const claim = { field, holder, version: found.version, leaseMs: 1_000, note, replaceNote: true };
  await target.claimField(owner, claim);
  await target.releaseClaim(owner, claim, here === undefined);
}

/** Removes users who were erased meanwhile. */
async function removeGoneOwners(source: StorageEngine, target: StorageEngine, onLook: () => void): Promise<number> {
  let removed = 0;
  await eachTogether(walkOwners(target), async ({ owner, fields }) => {
    onLook();
    if ((await source.readOwner(owner)).fields.size > 0) return;
    await target.eraseOwner(owner);
    for (const field of fields.keys()) await target.unschedule(dueMemberOf(owner, field));
    removed += fields.size;
  });
  return removed;
}

async function copyDocuments(source: StorageEngine, target: StorageEngine) {
  const counts = { written: 0, removed: 0 };
  const collections = new Set<string>();
  for (const engine of [source, target])
    for await (const name of walkNames(engine, 'collections')) collections.add(name);
  collections.delete(migrationCollection);
  for (const collection of collections) {
    const [here, there] = [await source.listDocuments(collection), await target.listDocuments(collection)];
    for (const [id, bytes] of here) {
      if (there.get(id)?.equals(bytes)) continue;
      await target.putDocument(collection, id, bytes);
      counts.written += 1;
    }
    for (const id of there.keys()) {
      if (!here.has(id) && (await target.removeDocument(collection, id))) counts.removed += 1;
    }
  }
  return counts;
}

/** Counts and digests everything that a migration copies. */
async function takeInventory(engine: StorageEngine, onLook: () => void): Promise<Inventory> {
  const digests: Buffer[] = [];
  const digest = (...parts: readonly (string | Buffer)[]) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(`${part.length}:`).update(part);
    digests.push(hash.digest());
  };
  const owners = new Set<string>();
  let fields = 0;
  for await (const { owner, fields: held } of walkOwners(engine)) {
    onLook();
    if (owners.has(owner) || held.size === 0) continue;
    owners.add(owner);
    fields += held.size;
    for (const [field, { version, bytes }] of held) digest('field', owner, field, String(version), bytes);
  }
  const collections = new Set<string>();
  for await (const name of walkNames(engine, 'collections')) collections.add(name);
  collections.delete(migrationCollection);
  let documents = 0;
  for (const collection of collections) {
    for (const [id, bytes] of await engine.listDocuments(collection)) {
      documents += 1;
      digest('document', collection, id, bytes);
    }
  }
  const total = createHash('sha256');
  for (const each of digests.sort(Buffer.compare)) total.update(each);
  return { owners: owners.size, fields, documents, digest: total.digest('hex') };
}
