/** What one attempt is taken for, by what the receiver answers. */

import { createServer, type ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../../src/core/secret.js';
import { createSender } from '../../../src/service/webhooks/sender.js';

const now = Date.UTC(2026, 0, 1, 12);

/** One attempt at a receiver that answers like that. */
async function attemptAt(answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const secrets = [new Secret(Buffer.alloc(32).toString('base64'))];
  const sender = createSender({ url: `http://127.0.0.1:${port}/hook`, secrets }, () => now);
  onTestFinished(async () => {
    await sender.close();
    server.closeAllConnections();
    server.close();
  });
  const { durationMs: _, ...attempt } = await sender.send({ id: 'msg_1', body: '{}' });
  return attempt;
}

const unreadable: Record<string, (response: ServerResponse, status: number) => void> = {
  'is longer than anybody reads': (response, status) => response.writeHead(status).end('x'.repeat(300_000)),
  'is not compressed as it says': (response, status) =>
    response.writeHead(status, { 'content-encoding': 'gzip' }).end('plain'),
  'is compressed in a way that we do not know': (response, status) =>
    response.writeHead(status, { 'content-encoding': 'zstd' }).end('packed'),
  'is cut off': (response, status) => {
    response.writeHead(status, { 'content-length': '1000' }).write('begun', () => response.destroy());
  },
};

it.each(Object.entries(unreadable))('a webhook is taken by the status, also when the answer %s', async (_, answer) => {
  expect(await attemptAt((response) => answer(response, 200))).toEqual({ delivered: true, status: 200 });
  expect(await attemptAt((response) => answer(response, 500))).toMatchObject({ delivered: false, status: 500 });
});

it.each([
  ['120', 120_000],
  ['Thu, 01 Jan 2026 12:02:00 GMT', 120_000],
  [undefined, undefined],
])('Retry-After %s is heard in seconds and as a date (RFC 9110 10.2.3)', async (told, retryAfterMs) => {
  const headers = told === undefined ? {} : { 'retry-after': told };
  const attempt = await attemptAt((response) => response.writeHead(503, headers).end());
  expect(attempt).toEqual({ delivered: false, status: 503, ...(retryAfterMs !== undefined && { retryAfterMs }) });
});
