/** How long the guarded way out waits for a server that says nothing. */

import { expect, it, onTestFinished } from 'vitest';
import { createGuardedHttp } from '../../src/protocol/guarded-http.js';
import { startScriptedServer } from '../support/scripted-server.js';

it('waits for as long as was said, and for five seconds where nothing was (threats M1)', async () => {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  server.answer('/', { after: new Promise(() => {}) });
  const ended: (number | undefined)[] = [];
  // The longest begins first: where all wait for the same time, it would also end first.
  const waits = [6_000, undefined, 500].map(async (deadlineMs) => {
    const http = createGuardedHttp({ allowInsecureLoopback: true, deadlineMs });
    onTestFinished(() => http.close());
    await expect(http.fetch(`${server.url}/`, {})).rejects.toMatchObject({ kind: 'timeout' });
    ended.push(deadlineMs);
  });
  await Promise.all(waits);
  expect(ended).toEqual([500, undefined, 6_000]);
});
