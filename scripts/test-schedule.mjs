/** `npm run test:schedule -- --seed N --count M --store redis|embedded`: random schedules of faults, replayable by seed. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    count: { type: 'string', default: '200' },
    store: { type: 'string', default: 'redis' },
  },
});
build({ onlyIfChanged: true });
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const env = { ...process.env, SCHEDULE_COUNT: values.count, ...(values.seed && { SCHEDULE_SEED: values.seed }) };
const args = ['run', 'test/faults/schedule.test.ts', '-t', `on the ${values.store} store`];
const { status } = spawnSync(process.execPath, [vitest, ...args], { stdio: 'inherit', env });
process.exitCode = status ?? 1;
