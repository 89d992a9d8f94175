/** Keeps the strict server's sessions, grants and tokens in one file, so that they outlive a restart. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const payloadSchema = z.looseObject({
  grantId: z.string().optional(),
  uid: z.string().optional(),
  userCode: z.string().optional(),
  consumed: z.unknown().optional(),
});
type Payload = z.infer<typeof payloadSchema>;

/**
 * The interface that `oidc-provider` needs of a store, one per model. The payload holds the expiry, which is checked there.
 */
export interface Adapter {
  upsert(id: string, payload: Payload): Promise<void>;
  find(id: string): Promise<Payload | undefined>;
  findByUid(uid: string): Promise<Payload | undefined>;
  findByUserCode(userCode: string): Promise<Payload | undefined>;
  consume(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  revokeByGrantId(grantId: string): Promise<void>;
}

/** Makes the store of one model of `oidc-provider`: `Session`, `Grant`, `RefreshToken` and the like. */
export type AdapterFactory = (model: string) => Adapter;

/** A sandbox is used by one person, so older entries may be dropped. */
const most = 2000;

/** Opens the file, or begins with an empty one if it is missing or cannot be read. */
export function openKeptState(path: string): AdapterFactory {
  const entries = load(path);
  const save = () => {
    for (const key of [...entries.keys()].slice(0, Math.max(0, entries.size - most))) entries.delete(key);
    writeFileSync(`${path}.new`, JSON.stringify([...entries]), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
  return (model) => createAdapter(model, entries, save);
}

function load(path: string): Map<string, Payload> {
  try {
    return new Map(z.array(z.tuple([z.string(), payloadSchema])).parse(JSON.parse(readFileSync(path, 'utf8'))));
  } catch {
    return new Map();
  }
}

function createAdapter(model: string, entries: Map<string, Payload>, save: () => void): Adapter {
  const key = (id: string) => `${model}:${id}`;
  const search = (matches: (payload: Payload) => boolean) =>
    [...entries].find(([name, payload]) => name.startsWith(`${model}:`) && matches(payload))?.[1];
  const change = async (work: () => void) => {
    work();
    save();
  };
  return {
    find: async (id) => entries.get(key(id)),
    findByUid: async (uid) => search((payload) => payload.uid === uid),
    findByUserCode: async (userCode) => search((payload) => payload.userCode === userCode),
    upsert: (id, payload) => change(() => entries.set(key(id), payload)),
    destroy: (id) => change(() => entries.delete(key(id))),
    consume: (id) => change(() => entries.set(key(id), { ...entries.get(key(id)), consumed: true })),
    revokeByGrantId: (grantId) =>
      change(() => {
        for (const [name, payload] of entries) if (payload.grantId === grantId) entries.delete(name);
      }),
  };
}
