/**
 * Marks the stores of a migration: until it is finished nobody else may use its target, and afterwards nobody its source.
 */

import { ConfigurationError } from '../core/errors.js';
import type { StorageEngine } from './engine.js';

/** Begins with a dot, so that no program can name it. */
export const migrationCollection = '.migration';
/** In the target, from the first run of a migration until it is finished. */
const underWay = 'under-way';
/** In the source, once the migration is finished. */
const moved = 'moved';
const mark = Buffer.from('1');

/** Marks the target, which holds nothing yet. */
export async function beginMigration(target: StorageEngine): Promise<void> {
  await target.putDocument(migrationCollection, underWay, mark);
}

/** Removes the mark of the target. */
export async function endMigration(target: StorageEngine): Promise<void> {
  await target.removeDocument(migrationCollection, underWay);
}

/** Whether a migration has begun to fill this store and is not finished. */
export async function isBeingFilled(engine: StorageEngine): Promise<boolean> {
  return (await engine.getDocument(migrationCollection, underWay)) !== undefined;
}

/** Marks the source: two services that refresh the same grants, one on each store, would end them. */
export async function markMoved(source: StorageEngine): Promise<void> {
  await source.putDocument(migrationCollection, moved, mark);
}

/** Whether this store was migrated: what was refreshed since is in another store. */
export async function isMoved(engine: StorageEngine): Promise<boolean> {
  return (await engine.getDocument(migrationCollection, moved)) !== undefined;
}

/**
 * Refuses a store that is the target of an unfinished migration, or the source of a finished one.
 *
 * @throws {ConfigurationError} the next run would overwrite what is written here, or nobody would ever read it
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
