/** Device authorizations that wait for somebody's consent: kept in the store, so that any process can go on with them. */

import { z } from 'zod';
import { connectIntentSchema } from '../../core/connect.js';
import { secretText } from '../../core/connection.js';
import type { Dependencies } from '../dependencies.js';

const collection = 'device-authorizations';

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

export async function findDevice({ store }: Dependencies, connectId: string): Promise<DeviceRecord | undefined> {
  const found = await store.documents.find(collection, connectId);
  return found === undefined ? undefined : deviceRecordSchema.parse(found);
}

export async function removeDevice({ store }: Dependencies, connectId: string): Promise<void> {
  await store.documents.remove(collection, connectId);
}

/** All that are waiting, in one round trip. There are few: each ends within the lifetime of its code. */
export async function listDevices({ store }: Dependencies): Promise<readonly DeviceRecord[]> {
  const found = await store.documents.list(collection);
  return [...found.values()].map((record) => deviceRecordSchema.parse(record));
}
