/** Ends the device authorizations of a user who is erased, so that nobody's later consent brings a connection back. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Owner, ownerKeyOf } from '../../core/identifiers.js';
import { moveConnect } from '../connect-progress.js';
import type { Dependencies } from '../dependencies.js';
import { createDeviceList, holdDevice, removeDevice } from './device-record.js';

/** How often to look whether a poll under way is over. */
const lookEveryMs = 25;

/**
 * Ends all of them. A poll under way is waited for: so the grant it brings is stored before the owner's records are erased,
 * and not after.
 */
export async function dropDevices(deps: Dependencies, owner: Owner): Promise<void> {
  const all = await createDeviceList(deps).read();
  const own = [...all.values()].filter(({ intent }) => ownerKeyOf(intent) === ownerKeyOf(owner));
  await Promise.all(own.map(({ intent }) => drop(deps, intent)));
}

async function drop(deps: Dependencies, intent: Parameters<typeof moveConnect>[1]): Promise<void> {
  const { connectId } = intent;
  const end = async () => {
    // The poll that was waited for may have ended it.
    if (!(await removeDevice(deps, connectId))) return;
    await moveConnect(deps, intent, { status: { kind: 'failed', error: 'erased' } });
  };
  while (!(await holdDevice(deps, connectId, end))) await sleep(lookEveryMs);
}
