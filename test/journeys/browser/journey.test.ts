import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launchChromium, openWatchedPage } from '../../support/chromium.js';
import { storeKinds } from '../../support/service.js';
import { openStrictService } from '../../support/strict-service.js';

const user = 'slack:T1:alice';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** Logs in and consents on the pages of oidc-provider. */
async function consent(page: Page): Promise<void> {
  await page.locator('input[name=login]').fill('ada');
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.locator('input[name=login]').waitFor({ state: 'detached' });
  await page.locator('button[type=submit]').click();
}

describe.each(storeKinds)('on the %s store', (kind) => {
  it('a person connects by clicks; the bot gets, renews and gives up the token, and the provider then refuses it', async () => {
    // For a browser another site than the provider at 127.0.0.1, as in life.
    const asLocalhost = (address: string) => address.replace('127.0.0.1', 'localhost');
    const { bot, clock, baseUrl, strict } = await openStrictService(kind, { baseUrl: asLocalhost });
    const { page, complaints, close } = await openWatchedPage(browser);
    onTestFinished(close);
    const refusals: string[] = [];
    page.on('response', (response) => {
      if (response.status() >= 400) refusals.push(response.url());
    });

    const chatIdentity = { platform: 'slack', name: 'Alice Example' };
    const { connectId, connectUrl } = await bot.connect(user, 'strict', { chat_identity: chatIdentity });
    await page.goto(connectUrl);
    await page.getByText('Alice Example').first().waitFor();
    await page.getByRole('button', { name: 'Continue to Strict' }).click();
    await consent(page);
    const code = (await page.locator('#return-code').textContent()) ?? '';
    expect(page.url()).toBe(`${baseUrl}/oauth/strict/done`);
    expect((await bot.token(user, 'strict')).body.code).toBe('awaiting_proof');
    expect((await bot.prove(user, code)).body).toMatchObject({ status: 'connected', connect_id: connectId });
    await page.getByRole('link', { name: 'I have sent the code' }).click();
    await page.getByRole('heading', { name: 'Strict is connected' }).waitFor();

    const first = (await bot.token(user, 'strict')).body.access_token ?? '';
    expect(await strict.userinfoStatus(first)).toBe(200);
    clock.advance(3_600_000);
    const renewed = (await bot.token(user, 'strict')).body.access_token ?? '';
    expect(renewed).not.toBe(first);
    expect(await strict.userinfoStatus(renewed)).toBe(200);
    expect((await bot.disconnect(user, 'strict')).body).toMatchObject({ revoked: 'yes' });
    expect(await strict.userinfoStatus(renewed)).toBe(401);
    expect((await bot.token(user, 'strict')).body.code).toBe('not_connected');

    // The provider's own pages ask for fonts and icons that are not there; everything else is ours.
    expect(complaints.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
    expect(refusals.filter((url) => url.startsWith(baseUrl))).toEqual([]);
  });
});
