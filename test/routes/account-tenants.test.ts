import { afterEach, beforeEach, expect, it } from 'vitest';
import { JarBrowser, type Journey, openJourney } from '../support/browser-journey.js';

let journey: Journey;
let browser: JarBrowser;
const alice = 'slack:T1:alice';
const tenant = 'acme';

/** The same user id in two tenants is two persons, and the link of one is not the other's. */
beforeEach(async () => {
  journey = await openJourney();
  browser = new JarBrowser(journey.app);
  const { manager } = journey;
  await manager.storeToken(alice, { provider: 'example', accessToken: 'at-default' });
  await manager.storeToken(alice, { provider: 'example', account: 'work', accessToken: 'at-work' }, { tenant });
  const { url } = await manager.createAccountLink(alice, { tenant });
  await browser.submit(await browser.get(url));
});
afterEach(() => journey.close());

const labels = async (whose?: string) =>
  (await journey.manager.listUserConnections(alice, { tenant: whose })).map(({ account }) => account).sort();
const submit = async (action: string) => browser.submit(await browser.get('/connections'), `/connections/${action}"`);

it('shows what is connected in the tenant of the link, and nothing else', async () => {
  const { body } = await browser.get('/connections');
  expect(body).toContain('value="work"');
  expect(body).not.toContain('value="default"');
});

it('connects in the tenant of the link', async () => {
  const started = await submit('other/connect');
  await browser.get(await browser.consent(String(started.headers.location)));
  const { body } = await browser.get('/oauth/other/done');
  const code = /id="return-code"[^>]*>(?<code>[^<]+)</.exec(body)?.groups?.code ?? '';
  await journey.manager.submitProof(alice, code, { tenant });
  expect([await labels(tenant), await labels()]).toEqual([['default', 'work'], ['default']]);
});

it('pauses and resumes in the tenant of the link', async () => {
  const { manager } = journey;
  const both = async () => [
    await manager.hasToken(alice, 'example', { tenant, account: 'work' }),
    await manager.hasToken(alice, 'example'),
  ];
  await submit('example/pause');
  expect(await both()).toEqual([false, true]);
  await manager.pauseConnection(alice, 'example');
  await submit('example/resume');
  expect(await both()).toEqual([true, false]);
});

it('disconnects in the tenant of the link', async () => {
  expect((await submit('example/disconnect')).statusCode).toBe(200);
  expect([await labels(tenant), await labels()]).toEqual([[], ['default']]);
});
