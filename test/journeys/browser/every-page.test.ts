/**
 * Every page there is, in Chromium, narrow and wide, light and dark, in both languages: no accessibility fault, no
 * complaint, nothing from elsewhere, small, at once, and whole by keyboard. Pictures of all lie in `test-artefacts/pages`.
 */

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page, Response } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { brandColorSchema, logoSchema } from '../../../src/core/brand.js';
import { serve, visit } from '../../support/served-pages.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = fileURLToPath(new URL('../../../test-artefacts/pages/', import.meta.url));

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#5b21b6"/></svg>';
const brand = {
  name: 'Acme Assistants',
  color: brandColorSchema.parse('#5b21b6'),
  logo: logoSchema.parse(Buffer.from(logo)),
};

/** Where a page is, and how its visitor is known there. */
interface Place {
  readonly path: string;
  readonly flow?: string;
  readonly session?: string;
  /** Whose form is sent to get there. */
  readonly form?: string;
  readonly branded?: boolean;
}

const done = '/oauth/github/done';
const callback = (state: string) => ({ path: `/oauth/github/callback?state=${state}` });
const account = { path: '/connections', session: 'x' };

const places: Readonly<Record<string, Place>> = {
  landing: { path: '/oauth/github?link=named' },
  'landing-unnamed': { path: '/oauth/notion?link=unnamed' },
  'landing-hostile': { path: '/oauth/github?link=hostile' },
  'landing-branded': { path: '/oauth/github?link=named', branded: true },
  'done-code': { path: done, flow: 'code' },
  'done-code-typed': { path: done, flow: 'typed' },
  'done-code-branded': { path: done, flow: 'code', branded: true },
  'done-verifier-waits': { path: done, flow: 'waiting' },
  'done-chat-login': { path: done, flow: 'login' },
  'done-connected': { path: done, flow: 'connected' },
  'done-hostile': { path: done, flow: 'hostile' },
  'error-denied': { path: done, flow: 'denied' },
  'error-failed': { path: done, flow: 'failed' },
  'error-other-account': { path: done, flow: 'changed' },
  'error-too-late': { path: done, flow: 'expired' },
  'error-nothing-here': { path: done },
  'error-used-link': { path: '/oauth/github?link=used' },
  'error-invalid': { path: '/oauth/github' },
  'error-unknown-provider': { path: '/oauth/nobody?link=named' },
  'error-provider': callback('refusal'),
  'error-unavailable': callback('store'),
  'error-too-often': callback('limit'),
  'error-not-accepted': callback('form'),
  'error-internal': callback('bug'),
  'error-nowhere': { path: '/oauth/github/nowhere' },
  enter: { path: '/connections/enter?link=good' },
  'enter-used-link': { path: '/connections/enter?link=used' },
  'account-no-session': { path: '/connections' },
  account,
  'account-branded': { ...account, branded: true },
  'account-empty': { ...account, session: 'empty' },
  'account-disconnected': { ...account, form: 'form[action$="/github/disconnect"]' },
  'account-left': { ...account, form: 'form[action$="/leave"]' },
};

const views = [
  { width: 360, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
] as const;

describe.each(['en', 'de'] as const)('in the language %s', (language) => {
  it('every page is sound, small and whole', { timeout: 120_000 }, async () => {
    const plain = await serve();
    const branded = await serve({}, brand);
    const { page, complaints, origins } = await visit({ bypassCSP: true, locale: language });
    mkdirSync(pictures, { recursive: true });
    for (const [name, place] of Object.entries(places)) {
      await page.context().clearCookies();
      await page.setViewportSize({ width: 360, height: 740 });
      const weight = weigh(page);
      await go(page, place.branded ? branded : plain, place);
      expect(await page.locator('html').getAttribute('lang'), name).toBe(language);
      expect({ name, ...(await weight()) }).toEqual({ name, isSmall: true, atOnce: true });
      await walk(page, name);
      // What axe looks at is the same in every language, the length of the words is not.
      if (language === 'en') await page.evaluate(axe);
      for (const view of language === 'en' ? views : views.slice(0, 1))
        await expectSound(page, { name, language, ...view });
      // Chromium reports the status of an error page as a complaint of its own.
      const own = complaints.filter((text) => !/the server responded with a status of [45]\d\d/.test(text));
      expect({ name, own }).toEqual({ name, own: [] });
    }
    expect([...origins].sort()).toEqual([plain, branded].sort());
  });
});

it('the page that posts an answer again is sound while its script has not come', async () => {
  const origin = await serve();
  const { page } = await visit({ bypassCSP: true });
  await page.route('**/assets/*.js', (route) => route.abort());
  await page.goto(`${origin}/connections/enter?link=good`);
  const form = `<form method="post" action="${origin}/oauth/github/callback"><input name="code" value="c"><button>x`;
  await page.setContent(form);
  await page.getByRole('button').click();
  await page.getByRole('button', { name: 'Go on' }).waitFor();
  await page.evaluate(axe);
  for (const view of views) await expectSound(page, { name: 'repost', language: 'en', ...view });
});

interface View {
  readonly name: string;
  readonly language: string;
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
}

async function expectSound(page: Page, { name, language, width, colorScheme }: View): Promise<void> {
  const view = `${name}-${width}-${colorScheme}-${language}`;
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 740 });
  const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
  expect(overflow, `${view} is too wide`).toBeLessThanOrEqual(0);
  expect(await page.evaluate(overflowInLargeLetters), `${view} is too wide in large letters`).toBeLessThanOrEqual(0);
  await page.screenshot({ path: join(pictures, `${view}.png`), fullPage: true });
  if (language === 'en') expect(await faultsOf(page), view).toEqual([]);
}

async function go(page: Page, origin: string, { path, flow = 'none', session, form }: Place): Promise<void> {
  const cookies = [
    { name: 'valetkey_flow_github', value: flow, url: origin },
    ...(session === undefined ? [] : [{ name: 'valetkey_session', value: session, url: origin }]),
  ];
  await page.context().addCookies(cookies);
  await page.goto(origin + path);
  if (form === undefined) return;
  await Promise.all([
    page.waitForNavigation(),
    page
      .locator(form)
      .first()
      .evaluate((each) => Reflect.apply(Reflect.get(each, 'submit'), each, [])),
  ]);
}

interface Loaded {
  readonly path: string;
  readonly isPage: boolean;
  readonly bytes: Buffer;
}

/** What the last document and its files weigh; `atOnce`: all of them stand in the document, so none waits for another. */
function weigh(page: Page): () => Promise<{ isSmall: boolean; atOnce: boolean }> {
  const loading: Promise<Loaded>[] = [];
  const note = (response: Response) => {
    const isPage = response.request().resourceType() === 'document';
    if (isPage) loading.length = 0;
    const path = new URL(response.url()).pathname;
    const body = response.body().catch(() => Buffer.alloc(0));
    loading.push(body.then((bytes) => ({ path, isPage, bytes })));
  };
  page.on('response', note);
  return async () => {
    page.off('response', note);
    const loaded = await Promise.all(loading);
    const size = loaded.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const html = loaded.find(({ isPage }) => isPage)?.bytes.toString() ?? '';
    const atOnce = loaded.every(({ isPage, path }) => isPage || html.includes(`"${path}"`));
    return { isSmall: size > 1_000 && size < 30_000, atOnce };
  };
}

/** All that can be done is reached by Tab, in the order of the page, and can be seen there; Enter opens what is folded. */
async function walk(page: Page, name: string): Promise<void> {
  const reached: number[] = [];
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press('Tab');
    const at: { index: number; outline: string; folded: boolean } | undefined = await page.evaluate(focused);
    // Behind the last one the browser begins anew, or goes to its own bars first.
    if (at === undefined || at.index === reached[0]) break;
    expect(at.outline, `${name}: the focus can be seen`).toBe('solid 3px');
    if (at.folded) await page.keyboard.press('Enter');
    reached.push(at.index);
  }
  const all: number = await page.evaluate(`${actionable}.length`);
  expect(reached, `${name}: by keyboard`).toEqual(Array.from({ length: all }, (_, index) => index));
}

/** Browsers inside other programs show letters as large as the phone is set to. */
const overflowInLargeLetters = `(() => {
  const { style } = document.documentElement;
  style.fontSize = '200%';
  const overflow = document.documentElement.scrollWidth - window.innerWidth;
  style.fontSize = '';
  return overflow;
})()`;

const actionable = `[...document.querySelectorAll('a[href], button, summary, input:not([type=hidden])')]
  .filter((each) => each.checkVisibility())`;
const focused = `(() => {
  const each = document.activeElement;
  if (each === document.body) return undefined;
  const { outlineStyle, outlineWidth } = getComputedStyle(each);
  const folded = each.localName === 'summary' && !each.parentElement.open;
  return { index: ${actionable}.indexOf(each), outline: outlineStyle + ' ' + outlineWidth, folded };
})()`;

async function faultsOf(page: Page): Promise<readonly string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const results: AxeResults = await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(tags)} })`);
  if (results.passes.length <= 5) return ['axe has looked at nothing'];
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join()}`);
}
