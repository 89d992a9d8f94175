/** Removals that are under way: noted in the store, so that the tokens are revoked even if this process dies in between. */

import { z } from 'zod';
import { type Connection, connectionSchema } from '../core/connection.js';
import type { Dependencies } from './dependencies.js';
import { newId } from './one-time-values.js';
import { WorkList } from './work-list.js';

const collection = 'open-revocations';
/** Longer than a removal with its revocation takes, ms: a process that has not finished by then has died. */
const patienceMs = 60_000;

const removedSchema = z.object({
  connection: connectionSchema.omit({ proof: true }),
  /** Of a grant that nobody has proven. */
  connectId: z.string().optional(),
});
const openSchema = removedSchema.extend({
  leftAt: z.number(),
  /** It is revoked and announced: only entries in indexes are left. */
  isTold: z.literal(true).optional(),
});

/** A grant that is being removed, with its tokens. */
export type Removed = Readonly<z.infer<typeof removedSchema>>;

/** A removal that is not finished; its process may be alive until `leftAt` (epoch ms). */
export type OpenRevocation = Readonly<z.infer<typeof openSchema>>;

/**
 * Keeps a note in the store while `work` removes and revokes. If `work` throws, the note stays, since nobody knows what
 * was done. If the note cannot be written, the work is done without it: nobody is kept from disconnecting.
 *
 * @param work may call `leave` when only the indexes are left for later: the note is then kept
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

/** Lets one process finish a removal and deletes the note. If that process dies, another one may try after a while. */
export async function takeOver({ store }: Dependencies, id: string, finish: () => Promise<void>): Promise<void> {
  if (!(await store.leases.acquire(`${collection}/${id}`, id, patienceMs))) return;
  await finish();
  await store.documents.remove(collection, id);
}
