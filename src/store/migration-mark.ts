/** Where a store stands in a migration: until its target is whole nobody else may use it, afterwards nobody its source. */

import { ConfigurationError } from '../core/errors.js';
import type { StorageEngine } from './engine.js';

/** Begins with a dot: no program can reach it by a name of its own. */
export const migrationCollection = '.migration';
/** In the target, from the first run of a migration to its end. */
const underWay = 'under-way';
/** In the source, from the end on. */
const moved = 'moved';
const mark = Buffer.from('1');

/** Marks the target. Answers whether it was marked already: an earlier run of the migration was not the last one. */
export async function beginMigration(target: StorageEngine): Promise<'begun' | 'resumed'> {
  return (await target.createDocument(migrationCollection, underWay, mark)) ? 'begun' : 'resumed';
}

/** Takes the mark off the target. */
export async function endMigration(target: StorageEngine): Promise<void> {
  await target.removeDocument(migrationCollection, underWay);
}

/** Whether a migration has begun to fill a store and has not ended. */
export async function isBeingFilled(engine: StorageEngine): Promise<boolean> {
  return (await engine.getDocument(migrationCollection, underWay)) !== undefined;
}

/** Marks the source: two services that refresh the same grants, one on each store, would end them. */
export async function markMoved(source: StorageEngine): Promise<void> {
  await source.putDocument(migrationCollection, moved, mark);
}

/** Whether its migration has ended: what is refreshed since lies in another store. */
export async function isMoved(engine: StorageEngine): Promise<boolean> {
  return (await engine.getDocument(migrationCollection, moved)) !== undefined;
}

/**
 * Lets nobody use a store that is the target of a migration under way, or the source of one that has ended.
 *
 * @throws {ConfigurationError} what was written here would be overwritten by the next run, or known to nobody
 */
export async function refuseMigrating(engine: StorageEngine): Promise<void> {
  const marks = await engine.listDocuments(migrationCollection);
  if (marks.has(underWay)) {
    throw unusable('REDIS_URL', 'names a store that a migration is filling; end it with "valetkey migrate --finish"');
  }
  if (!marks.has(moved)) return;
  const where =
    'the connections are in the Redis that "valetkey migrate" was given; "valetkey audit export" reads what stayed here';
  throw engine.kind === 'redis'
    ? unusable('REDIS_URL', `names a store that was migrated: ${where}`)
    : unusable('DATA_DIR', `holds a store that was migrated: set REDIS_URL, ${where}`);
}

function unusable(name: string, problem: string): ConfigurationError {
  return new ConfigurationError([{ name, problem }]);
}
