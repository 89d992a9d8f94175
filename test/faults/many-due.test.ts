/** More connections are due than the worker takes up at a time: it goes on claiming as it finishes, and skips none. */

import { expect, it } from 'vitest';
import { eventually } from '../support/redis.js';
import { connect, makePlace, openBench, openProvider, storeKinds } from './stage.js';

/** Beyond what one worker takes up at a time: two batches and what it refreshes at once. */
const due = 450;

it.each(storeKinds)(
  'a worker on the %s store refreshes all that is due, each once',
  async (kind) => {
    const provider = await openProvider();
    const place = await makePlace(kind);
    const bench = await openBench(place, provider);
    const users = Array.from({ length: due }, (_, index) => `due-${index}`);
    await Promise.all(users.map((user) => connect(bench, provider, { user, leftMs: -10_000 })));
    const refreshAhead = { concurrency: 20, perSecond: 0 };
    const worker = await openBench(place, provider, { backgroundWork: true, refreshAhead });
    await eventually('all are refreshed', () => provider.seen.redemptions === due, 60_000);
    await worker.manager.close();
    expect(provider.seen).toMatchObject({ redemptions: due, reuses: 0 });
  },
  90_000,
);
