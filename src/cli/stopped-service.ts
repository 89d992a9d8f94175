/** Work on a store that no service may use meanwhile. */

import type { StorageEngine } from '../store/engine.js';
import { CommandFailed } from './exit.js';

/** Of a store in Redis nobody can tell who has it open. @throws {CommandFailed} another process has it open */
export function refuseOpen({ otherProcesses }: StorageEngine): void {
  const others = otherProcesses?.() ?? [];
  if (others.length === 0) return;
  throw new CommandFailed(`The store is open in process ${others.join(', ')}: stop the service, then run this again.`);
}
