import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.js';
import { fixedManager, links } from '../../support/fixed-manager.js';
import { serve, serveElsewhere, visit } from '../../support/served-pages.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const pages = [
  ['landing', '/oauth/github?link=named', ''],
  ['landing, unnamed', '/oauth/notion?link=unnamed', ''],
  ['landing, hostile names', '/oauth/github?link=hostile', ''],
  ['used link', '/oauth/github?link=used', ''],
  ['done, code', '/oauth/github/done', 'code'],
  ['done, connected', '/oauth/github/done', 'connected'],
  ['done, hostile names', '/oauth/github/done', 'hostile'],
  ['done, denied', '/oauth/github/done', 'denied'],
  ['account entrance', '/connections/enter?link=good', ''],
  ['account', '/connections', ''],
  ['nowhere', '/oauth/github/nowhere', ''],
] as const;

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it.each(pages)(
    '%s has no accessibility fault (WCAG 2.2 AA), complaint or foreign request',
    async (_name, path, flow) => {
      const origin = await serve();
      const { page, complaints, origins } = await visit({
        colorScheme,
        bypassCSP: true,
        viewport: { width: 360, height: 740 },
        locale: colorScheme === 'dark' ? 'de-DE' : 'en-GB',
      });
      await page.context().addCookies([
        { name: 'valetkey_session', value: 'x', url: origin },
        { name: 'valetkey_flow_github', value: flow || 'none', url: origin },
      ]);
      await page.goto(origin + path);
      for (const details of await page.locator('summary').all()) await details.click();
      await page.evaluate(axe);
      const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
      const results: AxeResults = await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(tags)} })`);
      expect(results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join()}`)).toEqual([]);
      expect(results.passes.length).toBeGreaterThan(5);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect(overflow).toBeLessThanOrEqual(0);
      // Chromium reports the status of an error page as a complaint of its own.
      expect(complaints.filter((text) => !/the server responded with a status of 4\d\d/.test(text))).toEqual([]);
      expect([...origins]).toEqual([origin]);
    },
  );
});

describe('without a mouse', () => {
  it('the landing page continues by Tab and Enter, through the policy to the provider (L19)', async () => {
    const provider = await serveElsewhere((_request, response) => response.end('provider'));
    const origin = await serve({
      describeLink: async () => ({ ...links.named, authorizationOrigin: provider }) as (typeof links)[string],
      startAuthorization: async () => ({
        authorizationUrl: `${provider}/authorize`,
        browserSecret: new Secret('b'),
        expiresAt: Date.UTC(2026, 10, 21, 15),
      }),
    });
    const { page, complaints } = await visit();
    await page.goto(`${origin}/oauth/github?link=named`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${provider}/authorize`);
    expect(complaints).toEqual([]);
  });

  it('the account page disconnects by Tab and Enter', async () => {
    const removed: string[] = [];
    const origin = await serve({
      deleteToken: async (_user, provider) => {
        removed.push(provider);
        return { revoked: 'yes' };
      },
    });
    const { page } = await visit();
    await page.context().addCookies([{ name: 'valetkey_session', value: 'x', url: origin }]);
    await page.goto(`${origin}/connections`);
    await page.keyboard.press('Tab');
    for (const key of ['Tab', 'Enter', 'Tab', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('heading', { name: 'GitHub is disconnected' }).waitFor();
    expect(removed).toEqual(['github']);
  });
});

describe('in a real browser', () => {
  it('the copy button copies the code and nothing else', async () => {
    const origin = await serve();
    const { page, complaints } = await visit({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.context().addCookies([{ name: 'valetkey_flow_github', value: 'code', url: origin }]);
    await page.goto(`${origin}/oauth/github/done`);
    await page.getByRole('button', { name: 'Copy code' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('K7M2XQ4P');
    expect(complaints).toEqual([]);
  });

  it('the done page is whole without scripts', async () => {
    const origin = await serve();
    const { page } = await visit({ javaScriptEnabled: false });
    await page.context().addCookies([{ name: 'valetkey_flow_github', value: 'code', url: origin }]);
    await page.goto(`${origin}/oauth/github/done`);
    expect(await page.locator('#return-code').textContent()).toBe('K7M2XQ4P');
    expect(await page.getByRole('button').count()).toBe(0);
  });

  it('a form on another site cannot start a flow or enter an account page (A10)', async () => {
    const started: string[] = [];
    const origin = await serve({
      startAuthorization: async (provider, code) => {
        started.push(code);
        return fixedManager.startAuthorization(provider, code);
      },
    });
    const evil = await serveElsewhere((_request, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(`<form method="post" action="${origin}/oauth/github"><input name="link" value="named"><button>x</button>`),
    );
    const { page } = await visit();
    await page.goto(evil);
    await page.getByRole('button').click();
    await page.getByRole('heading', { name: 'This was not accepted' }).waitFor();
    expect(started).toEqual([]);
  });

  it('no other site can frame a page (L18)', async () => {
    const origin = await serve();
    const evil = await serveElsewhere((_request, response) =>
      response.setHeader('content-type', 'text/html').end(`<iframe src="${origin}/oauth/github?link=named"></iframe>`),
    );
    const { page, complaints } = await visit();
    await page.goto(evil, { waitUntil: 'load' });
    expect(await page.frameLocator('iframe').getByRole('button').count()).toBe(0);
    expect(complaints.join()).toMatch(/frame-ancestors|X-Frame-Options|refused to connect/i);
  });
});
