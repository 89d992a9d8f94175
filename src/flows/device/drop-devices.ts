/** Ends the device authorizations of a user who is erased, so that nobody's later consent brings a connection back. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Owner, ownerKeyOf } from '../../core/identifiers.js';
import { moveConnect } from '../connect-progress.js';
import type { Dependencies } from '../dependencies.js';
import { createDeviceList, holdDevice, removeDevice } from './device-record.js';

/** Between looks whether the poll under way is over. */
const lookEveryMs = 25;

/**
 * Ends all of them. A poll under way is waited for: what it brings is a record of the owner by then, and not one that
 * comes after all was erased.
 */
export async function dropDevices(deps: Dependencies, owner: Owner): Promise<void> {
  const all = await createDeviceList(deps).read();
  const own = [...all.values()].filter(({ intent }) => ownerKeyOf(intent) === ownerKeyOf(owner));
  await Promise.all(own.map(({ intent }) => drop(deps, intent)));
}

async function drop(deps: Dependencies, intent: Parameters<typeof moveConnect>[1]): Promise<void> {
  const { connectId } = intent;
  const end = async () => {
    // The poll that was waited for may have brought it to its end.
    if (!(await removeDevice(deps, connectId))) return;
    await moveConnect(deps, intent, { status: { kind: 'failed', error: 'erased' } });
  };
  while (!(await holdDevice(deps, connectId, end))) await sleep(lookEveryMs);
}
