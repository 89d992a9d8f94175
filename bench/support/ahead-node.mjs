/**
 * One process that refreshes ahead: `node --expose-gc ahead-node.mjs <manager options>`. Begins when told to; on request
 * reports its heap after a garbage collection, in MiB, and its CPU time so far, in µs.
 */

import { openManager } from '../../dist/src/open-manager.js';
import { answerLines } from './answer-lines.mjs';

const manager = await openManager({ ...JSON.parse(process.argv[2] ?? '{}'), backgroundWork: false });
process.stdout.write('ready\n');
await answerLines(async (line) => {
  if (line === 'go') manager.startBackgroundWork();
  else if (line === 'stop') await manager.close();
  const { user, system } = process.cpuUsage();
  if (line === 'heap') globalThis.gc?.();
  const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20);
  return { heap, cpu: user + system };
});
