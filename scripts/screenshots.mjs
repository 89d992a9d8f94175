/** `npm run screenshots`: pictures of the pages, taken with Chromium from the sandbox, into docs/images/. */

import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { openService } from '../examples/terminal-chat/service.mjs';

const images = new URL('../docs/images/', import.meta.url);
/** Largest picture, bytes: the README is read on phones. */
const mostBytes = 60_000;
const user = 'discord:80351110224678912';

const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-screenshots-'));
// Nothing listens at port 1, so a service of our own is started.
process.env.VALETKEY_URL = 'http://127.0.0.1:1';
const service = await openService({ dataDir });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--force-color-profile=srgb',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
  ],
});

try {
  const context = await browser.newContext({
    viewport: { width: 420, height: 790 },
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/London',
  });
  await takeAll(await context.newPage());
} finally {
  await browser.close();
  await service.close();
  await rm(dataDir, { recursive: true, force: true });
}

async function takeAll(page) {
  const link = await connectLink('github');
  await page.goto(link);
  await take(page, 'landing');
  await consent(page);
  await take(page, 'done');
  await prove(page);
  await page.goto(await connectLink('google'));
  await consent(page);
  await prove(page);
  // So that the account page shows a use of the token.
  await call('GET', 'tokens/github');
  const { url } = await call('POST', 'account-link');
  await page.goto(url);
  await page.locator('form[method="post"] button').click();
  await page.waitForURL('**/connections');
  // The whole page would be too long for a picture.
  await page.setViewportSize({ width: 420, height: 690 });
  await take(page, 'account');
}

async function connectLink(provider) {
  const chat = { platform: 'Discord', name: 'ada' };
  return (await call('POST', `connect/${provider}`, { chat_identity: chat })).connect_url;
}

/** From the landing page through the sandbox's choice of people to the done page. */
async function consent(page) {
  await page.locator('form[method="post"] button').click();
  await page
    .locator('form', { has: page.locator('[value^="ada"]') })
    .locator('button')
    .click();
  await page.waitForURL('**/done');
}

async function prove(page) {
  await call('POST', 'proof', { code: await page.locator('#return-code').textContent() });
}

async function take(page, name) {
  const path = new URL(`${name}.png`, images).pathname;
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  const { size } = statSync(path);
  if (size > mostBytes) throw new Error(`${name}.png has ${size} bytes`);
  console.log(`docs/images/${name}.png ${(size / 1000).toFixed(1)} kB`);
}

async function call(method, path, body) {
  const response = await fetch(`${service.url}/v1/users/${encodeURIComponent(user)}/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${service.apiKey}`,
      'x-purpose': 'who am I?',
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response.json();
}
