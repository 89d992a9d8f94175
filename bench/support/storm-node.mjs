/**
 * One process of the refresh storm: `node storm-node.mjs <manager options> <callers> <another user>`. Asks when told to, and
 * reports JSON.
 */

import { once } from 'node:events';
import { openManager } from '../../dist/src/open-manager.js';

const [options = '{}', callers = '1', warm = ''] = process.argv.slice(2);
const manager = await openManager(JSON.parse(options));
// So that loading, compiling and connecting are done before the measurement. This user's token has expired, too.
await manager.getToken(warm, 'strict');
process.stdout.write('ready\n');
await once(process.stdin, 'data');

const ask = async () => {
  const startedAt = performance.now();
  const token = await manager.getToken('storm', 'strict').catch(() => undefined);
  return { token: token?.accessToken.reveal(), ms: performance.now() - startedAt };
};
const answers = await Promise.all(Array.from({ length: Number(callers) }, ask));
const report = {
  tokens: [...new Set(answers.flatMap(({ token }) => token ?? []))],
  failed: answers.filter(({ token }) => token === undefined).length,
  slowestMs: Math.max(...answers.map(({ ms }) => ms)),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
// Ends when the parent process is gone.
process.stdin.resume().on('end', () => process.exit(0));
