/** Device authorizations that wait for somebody's consent: kept in the store, so that any process can go on with them. */

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { connectIntentSchema } from '../../core/connect.js';
import { secretText } from '../../core/connection.js';
import type { Dependencies } from '../dependencies.js';
import { WorkList } from '../work-list.js';

const collection = 'device-authorizations';
/** Longer than a poll and what follows it may take. */
const leaseMs = 60_000;

/** A device authorization on its way (RFC 8628), sealed: what is polled for whom. Times in epoch ms. */
const deviceRecordSchema = z.object({
  intent: connectIntentSchema,
  deviceCode: secretText,
  /** Least time between two polls, ms; grows when the server asks for it. */
  intervalMs: z.number().positive(),
  /** Epoch ms. */
  nextPollAt: z.number(),
  expiresAt: z.number(),
});
export type DeviceRecord = Readonly<z.infer<typeof deviceRecordSchema>>;

/** Saves under the id of the connect; replaces what was there. */
export async function saveDevice({ store }: Dependencies, record: DeviceRecord): Promise<void> {
  await store.documents.put(collection, record.intent.connectId, z.encode(deviceRecordSchema, record));
}

/** The record of a connect; `undefined` when it never had one, or is over. */
export async function findDevice({ store }: Dependencies, connectId: string): Promise<DeviceRecord | undefined> {
  const found = await store.documents.find(collection, connectId);
  return found === undefined ? undefined : deviceRecordSchema.parse(found);
}

/** Answers whether it was there. */
export async function removeDevice({ store }: Dependencies, connectId: string): Promise<boolean> {
  return store.documents.remove(collection, connectId);
}

/** Does something that one process at a time may do; `false`, and nothing done, while another one is at it. */
export async function holdDevice(
  { store }: Dependencies,
  connectId: string,
  work: () => Promise<void>,
): Promise<boolean> {
  const name = `device/${connectId}`;
  const holder = randomUUID();
  if (!(await store.leases.acquire(name, holder, leaseMs))) return false;
  try {
    await work();
    return true;
  } finally {
    await store.leases.release(name, holder);
  }
}

/** All that are waiting, by connect. There are few: each ends within the lifetime of its code. */
export function createDeviceList(deps: Pick<Dependencies, 'store' | 'log'>): WorkList<typeof deviceRecordSchema> {
  return new WorkList(deps, collection, deviceRecordSchema);
}
