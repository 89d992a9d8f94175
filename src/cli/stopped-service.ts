/** Guards work on a store that no service may use meanwhile. */

import type { StorageEngine } from '../store/engine.js';
import { CommandFailed } from './exit.js';

/** For a store in Redis it is not known who has it open. @throws {CommandFailed} another process has it open */
export function refuseOpen({ otherProcesses }: StorageEngine): void {
  const others = otherProcesses?.() ?? [];
  if (others.length === 0) return;
  throw new CommandFailed(`The store is open in process ${others.join(', ')}: stop the service, then run this again.`);
}
