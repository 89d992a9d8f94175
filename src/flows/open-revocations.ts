/** What is being removed here and is still to be revoked at its provider: kept in the store, in case this process dies in between. */

import { z } from 'zod';
import { type Connection, connectionSchema } from '../core/connection.js';
import type { Dependencies } from './dependencies.js';
import { newId } from './one-time-values.js';
import { WorkList } from './work-list.js';

const collection = 'open-revocations';
/** Longer than a removal and its revocation take, ms: whoever has not finished by then never will. */
const patienceMs = 60_000;

const removedSchema = z.object({
  connection: connectionSchema.omit({ proof: true }),
  /** Of a grant that nobody has proven. */
  connectId: z.string().optional(),
});
const openSchema = removedSchema.extend({
  leftAt: z.number(),
  /** It is revoked and told: only indexes name it still. */
  isTold: z.literal(true).optional(),
});

/** A grant that goes, with its tokens. */
export type Removed = Readonly<z.infer<typeof removedSchema>>;

/** One whose process has not finished; until `leftAt` (epoch ms) it may be alive. */
export type OpenRevocation = Readonly<z.infer<typeof openSchema>>;

/**
 * Removes and revokes, noted all the while. Work that throws leaves the note, since nobody knows what was done. Where the
 * note cannot be written, say for want of memory, it goes without: nobody is kept from disconnecting.
 *
 * @param work may say that something of it is left for later: the indexes, and nothing else
 */
export async function keepUntilRevoked<T>(
  { store, log, now }: Pick<Dependencies, 'store' | 'log' | 'now'>,
  { connection, connectId }: { readonly connection: Omit<Connection, 'proof'>; readonly connectId?: string },
  work: (leave: () => void) => Promise<T>,
): Promise<T> {
  const id = newId('rv');
  const { provider } = connection;
  const note = { connection, connectId, leftAt: now() + patienceMs };
  const put = (open: OpenRevocation) => store.documents.put(collection, id, z.encode(openSchema, open));
  const warn = () => log.warn({ provider }, 'a revocation that is under way could not be noted, or not be struck off');
  await put(note).catch(warn);
  let isOver = true;
  const done = await work(() => {
    isOver = false;
  });
  await (isOver ? store.documents.remove(collection, id) : put({ ...note, isTold: true })).catch(warn);
  return done;
}

/** All that are under way, for a worker to go over. */
export function createRevocationList(deps: Pick<Dependencies, 'store' | 'log'>): WorkList<typeof openSchema> {
  return new WorkList(deps, collection, openSchema);
}

/** Lets one process finish it, and strikes it off; another one only if this one does not come to an end. */
export async function takeOver({ store }: Dependencies, id: string, finish: () => Promise<void>): Promise<void> {
  if (!(await store.leases.acquire(`${collection}/${id}`, id, patienceMs))) return;
  await finish();
  await store.documents.remove(collection, id);
}
