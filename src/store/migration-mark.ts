/** Whether a migration is filling a store: until it has ended, nobody else may use that store. */

import { ConfigurationError } from '../core/errors.js';
import type { StorageEngine } from './engine.js';

/** Begins with a dot: no program can reach it by a name of its own. */
export const migrationCollection = '.migration';
const id = 'under-way';

/** Sets the mark. Answers whether it was there already: an earlier run of the migration was not the last one. */
export async function beginMigration(target: StorageEngine): Promise<'begun' | 'resumed'> {
  return (await target.createDocument(migrationCollection, id, Buffer.from('1'))) ? 'begun' : 'resumed';
}

/** Takes the mark off. */
export async function endMigration(target: StorageEngine): Promise<void> {
  await target.removeDocument(migrationCollection, id);
}

/** @throws {ConfigurationError} what was written here would be overwritten by the next run of the migration */
export async function refuseDuringMigration(engine: StorageEngine): Promise<void> {
  if ((await engine.getDocument(migrationCollection, id)) === undefined) return;
  const problem = 'names a store that a migration is filling; end it with "valetkey migrate --finish"';
  throw new ConfigurationError([{ name: 'REDIS_URL', problem }]);
}
