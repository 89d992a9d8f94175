import { createServer } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AuthorizationServer, startEmulate, startOidcProvider } from '../../support/authorization-servers.js';
import { type Journey, openJourney } from '../../support/browser-journey.js';
import { launchChromium, openWatchedPage } from '../../support/chromium.js';

const alice = 'slack:T1:alice';
let browser: Browser;
let journey: Journey;
let independent: AuthorizationServer[] = [];
const server = createServer((request, response) => journey.app.routing(request, response));

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  // `localhost`, so that the provider at 127.0.0.1 is another site.
  const baseUrl = `http://localhost:${address.port}`;
  const strict = await startOidcProvider({ redirectUri: `${baseUrl}/oauth/strict/callback` });
  const github = await startEmulate('github', `${baseUrl}/oauth/github/callback`);
  independent = [strict, github];
  journey = await openJourney({ baseUrl, providers: { strict: strict.entry, github: github.entry } });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await journey.close();
  for (const each of independent) await each.close();
});

const shownCode = async (page: Page) => (await page.locator('#return-code').textContent()) ?? '';

it('connects, confirms, shows and disconnects an account, with clicks alone and no complaint', async () => {
  const { manager } = journey;
  const { page, complaints, origins, close } = await openWatchedPage(browser);
  const chatIdentity = { platform: 'slack', name: 'Alice Example' };
  await page.goto(await manager.generateConnectUrl(alice, 'example', { chatIdentity }));
  await page.getByRole('button', { name: 'Continue to Example' }).click();
  await page.getByRole('heading', { name: 'One more step' }).waitFor();
  expect(new URL(page.url()).search).toBe('');
  expect(await manager.hasToken(alice, 'example')).toBe(false);
  await page.getByRole('link', { name: 'I have sent the code' }).click();
  await page.getByText('No confirmation has come from the chat yet.').waitFor();
  await manager.submitProof(alice, await shownCode(page));
  await page.getByRole('link', { name: 'I have sent the code' }).click();
  await page.getByRole('heading', { name: 'Example is connected' }).waitFor();

  await page.goto((await manager.createAccountLink(alice)).url);
  await page.getByRole('button', { name: 'Open my connections' }).click();
  await page.getByText('octo-alice').waitFor();
  await page.getByText('Disconnect Example…').click();
  await page.getByRole('button', { name: 'Disconnect Example' }).click();
  await page.getByRole('heading', { name: 'Example is disconnected' }).waitFor();
  expect(await manager.hasToken(alice, 'example')).toBe(false);
  await page.getByRole('link', { name: 'Back to your connections' }).click();
  await page.getByText('Nothing is connected yet.').waitFor();
  expect(complaints).toEqual([]);
  expect([...origins].sort()).toEqual([new URL(page.url()).origin, journey.provider.origin].sort());
  await close();
});

it('shows the return code to the browser that finished and to no other (L1, L2)', async () => {
  const { manager } = journey;
  const victim = await openWatchedPage(browser);
  const attacker = await openWatchedPage(browser);
  await victim.page.goto(await manager.generateConnectUrl('slack:T1:mallory', 'example'));
  await victim.page.getByRole('button', { name: 'Continue to Example' }).click();
  await victim.page.locator('#return-code').waitFor();
  await attacker.page.goto(victim.page.url());
  await attacker.page.getByRole('heading', { name: 'Nothing to see here' }).waitFor();
  expect(await attacker.page.content()).not.toContain(await shownCode(victim.page));
  expect(await manager.getToken('slack:T1:mallory', 'example')).toBeUndefined();
  await victim.close();
  await attacker.close();
});

it('comes through the log-in and consent pages of a strict authorization server (oidc-provider)', async () => {
  const { manager } = journey;
  const { page, complaints, close } = await openWatchedPage(browser);
  await page.goto(await manager.generateConnectUrl(alice, 'strict'));
  await page.getByRole('button', { name: 'Continue to Strict' }).click();
  await page.locator('input[name=login]').fill('ada');
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.locator('button[type=submit]').click();
  await page.getByText('Name of ada').waitFor();
  await manager.submitProof(alice, await shownCode(page));
  expect((await manager.requireToken(alice, 'strict')).identity?.id).toBe('ada');
  expect(complaints.filter((text) => /policy/i.test(text))).toEqual([]);
  await close();
});

it("comes through GitHub's pages as emulate plays them", async () => {
  const { manager } = journey;
  const { page, close } = await openWatchedPage(browser);
  await page.goto(await manager.generateConnectUrl(alice, 'github'));
  await page.getByRole('button', { name: 'Continue to GitHub' }).click();
  await page.locator('form', { hasText: 'ada' }).locator('button').first().click();
  await page.locator('#return-code').waitFor();
  await manager.submitProof(alice, await shownCode(page));
  expect((await manager.requireToken(alice, 'github')).identity?.name).toMatch(/ada/i);
  await close();
});
