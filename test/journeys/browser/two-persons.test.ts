import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startApprovingProvider } from '../../support/approving-provider.js';
import { launchChromium, openWatchedPage } from '../../support/chromium.js';
import { openService } from '../../support/service.js';

const attacker = 'slack:T1:mallory';
const victim = 'slack:T1:alice';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** The service before a provider that approves without a word, as one does to whoever consented before; two browsers. */
async function openTwoPersons() {
  const provider = await startApprovingProvider();
  onTestFinished(() => provider.close());
  // For a browser another site than the provider at 127.0.0.1, as in life.
  const baseUrl = (address: string) => address.replace('127.0.0.1', 'localhost');
  const service = await openService({ baseUrl, providers: async () => ({ example: provider.entry }) });
  const [mine, theirs] = [await openWatchedPage(browser), await openWatchedPage(browser)];
  onTestFinished(mine.close);
  onTestFinished(theirs.close);
  return { ...service, provider, attackerPage: mine.page, victimPage: theirs.page };
}

it("a victim who finishes the attacker's link sees whose it is, and the attacker never gets a token (L1)", async () => {
  const { bot, clock, attackerPage, victimPage } = await openTwoPersons();
  const chatIdentity = { platform: 'slack', name: 'Mallory Example' };
  const { connectId, connectUrl } = await bot.connect(attacker, 'example', { chat_identity: chatIdentity });
  await victimPage.goto(connectUrl);
  await victimPage.getByText('Mallory Example').first().waitFor();
  expect(new URL(victimPage.url()).pathname).toBe('/oauth/example');
  await victimPage.getByRole('button', { name: 'Continue to Example' }).click();
  const code = (await victimPage.locator('#return-code').textContent()) ?? '';
  expect(code).toMatch(/^[2-9A-Z]{8}$/);
  await attackerPage.goto(victimPage.url());
  expect(await attackerPage.content()).not.toContain(code);
  for (let minute = 0; minute <= 20; minute += 1) {
    expect((await bot.token(attacker, 'example')).status).toBe(409);
    clock.advance(60_000);
  }
  expect((await bot.prove(attacker, code)).status).toBe(410);
  expect((await bot.progress(connectId)).body.status).toBe('expired');
});

it("an attacker who finishes the victim's link with an account of his own stays outside (L2)", async () => {
  const { bot, attackerPage } = await openTwoPersons();
  const { connectUrl } = await bot.connect(victim, 'example');
  await attackerPage.goto(connectUrl);
  await attackerPage.getByRole('button', { name: 'Continue to Example' }).click();
  // The page names the account at the provider, and the code on it is worth nothing in another's chat.
  await attackerPage.getByText('octo-alice').first().waitFor();
  const code = (await attackerPage.locator('#return-code').textContent()) ?? '';
  expect((await bot.prove(attacker, code)).status).toBe(403);
  expect((await bot.token(victim, 'example')).body.code).toBe('awaiting_proof');
  expect((await bot.token(attacker, 'example')).body.code).toBe('not_connected');
});

it('an account-page link that was given to a victim connects nothing without proof from the chat (L15)', async () => {
  const { bot, manager, attackerPage, victimPage } = await openTwoPersons();
  const { url } = await manager.createAccountLink(attacker);
  await victimPage.goto(url);
  await victimPage.getByRole('button', { name: 'Open my connections' }).click();
  await victimPage.getByRole('button', { name: 'Connect Example' }).click();
  await victimPage.getByRole('button', { name: 'Continue to Example' }).click();
  const code = (await victimPage.locator('#return-code').textContent()) ?? '';
  await attackerPage.goto(victimPage.url());
  expect(await attackerPage.content()).not.toContain(code);
  expect((await bot.token(attacker, 'example')).body.code).toBe('awaiting_proof');
  expect((await bot.connections(attacker)).body).toMatchObject({ connections: [] });
  // The link is spent: in the attacker's own browser it opens nothing any more.
  await attackerPage.goto(url);
  expect(await attackerPage.getByRole('button', { name: 'Open my connections' }).count()).toBe(0);
});
