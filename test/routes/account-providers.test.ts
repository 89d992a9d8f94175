/** Which providers the account page offers, and what is left of one that it does not. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { enterOn, JarBrowser, openJourney } from '../support/browser-journey.js';

const alice = 'slack:T1:alice';

it('a provider with a host for each customer is not offered: no page asks which it is', async () => {
  const client = { client_id: 'c', client_secret: 's' };
  const shops = await openJourney({ providers: { shopify: client, github: client } });
  onTestFinished(() => shops.close());
  const visitor = new JarBrowser(shops.app);
  const csrf = await enterOn(shops, alice, visitor);
  const { body } = await visitor.get('/connections');
  expect([body.includes('Connect GitHub'), body.includes('Connect Shopify')]).toEqual([true, false]);
  expect((await visitor.post('/connections/shopify/connect', { csrf_token: csrf })).statusCode).toBe(400);
});

it('what is of a provider that was taken out of the configuration can still be disconnected', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-taken-out-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const before = await openJourney({ dataDir, providers: { github: { client_id: 'c', client_secret: 's' } } });
  await before.manager.storeToken(alice, { provider: 'github', accessToken: 'at' });
  await before.close();
  const after = await openJourney({ dataDir });
  onTestFinished(() => after.close());
  const visitor = new JarBrowser(after.app);
  await enterOn(after, alice, visitor);
  const gone = await visitor.submit(await visitor.get('/connections'), '/connections/github/disconnect"');
  expect([gone.statusCode, await after.manager.listUserConnections(alice)]).toEqual([200, []]);
});
