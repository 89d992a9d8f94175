/** What the log says of pages that could not be shown, for whoever runs the service. */

import { fastify } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { browserRoutes } from '../../routes/browser.js';
import { Gone, ProviderError, StoreUnavailable } from '../../src/core/errors.js';
import { createLogger } from '../../src/service/logger.js';
import { fixedManager } from '../support/fixed-manager.js';

/** The status of a page whose making throws that, and its warnings. */
async function visitFailing(error: Error) {
  const lines: string[] = [];
  const log = createLogger('warn', { write: (line) => void lines.push(line) });
  const app = fastify({ loggerInstance: log });
  onTestFinished(() => app.close());
  const manager = { ...fixedManager, describeLink: () => Promise.reject(error) };
  await app.register(browserRoutes, { manager, baseUrl: 'http://localhost:3000', now: Date.now });
  const { statusCode, body } = await app.inject({ url: '/oauth/github?link=x', headers: { accept: 'text/html' } });
  expect(body).toContain('<h1>');
  return { status: statusCode, lines: lines.map((line) => JSON.parse(line)) };
}

it('a page that the provider’s refusal of our client prevents is logged like an answer of the API', async () => {
  const refusal = new ProviderError('github refuses our client (invalid_client).', {
    provider: 'github',
    misconfigured: true,
  });
  const { status, lines } = await visitFailing(refusal);
  expect(status).toBe(502);
  expect(lines).toMatchObject([
    { level: 40, msg: 'request not answered', code: 'provider_misconfigured', problem: refusal.message },
  ]);
});

it('so is one that the store prevents', async () => {
  const { status, lines } = await visitFailing(new StoreUnavailable('Redis cannot be reached.'));
  expect(status).toBe(503);
  expect(lines).toMatchObject([{ level: 40, msg: 'request not answered', code: 'store_unavailable' }]);
});

it('a fault of ours is logged by kind and place, never by its words', async () => {
  const { status, lines } = await visitFailing(new TypeError('cannot read ghu_canary'));
  expect(status).toBe(500);
  expect(lines).toMatchObject([{ level: 50, msg: 'request failed', code: 'internal_error', kind: 'TypeError' }]);
  expect(JSON.stringify(lines)).not.toContain('canary');
});

it('what a person can mend makes no line', async () => {
  expect(await visitFailing(new Gone('The link is used up.'))).toEqual({ status: 410, lines: [] });
});
