import { describe, expect, it } from 'vitest';
import { Gone } from '../../../src/core/errors.js';
import { Secret } from '../../../src/core/secret.js';
import { fixedManager, links } from '../../support/fixed-manager.js';
import { serve, serveElsewhere, visit } from '../../support/served-pages.js';

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
    for (const step of ['Disconnect GitHub…', 'Disconnect GitHub']) {
      for (let text = ''; text !== step; ) {
        await page.keyboard.press('Tab');
        text = await page.evaluate('document.activeElement.textContent');
      }
      await page.keyboard.press('Enter');
    }
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
    expect(
      await page.evaluate(`parseFloat(getComputedStyle(document.getElementById('return-code')).fontSize)`),
    ).toBeGreaterThan(26);
    await page.getByRole('button', { name: 'Copy code' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('K7M2XQ4P');
    expect(complaints).toEqual([]);
  });

  it('the code is marked, to be copied by hand, where the browser forbids to copy it', async () => {
    const origin = await serve();
    const { page, complaints } = await visit({ permissions: [] });
    await page.context().addCookies([{ name: 'valetkey_flow_github', value: 'code', url: origin }]);
    await page.goto(`${origin}/oauth/github/done`);
    await page.getByRole('button', { name: 'Copy code' }).click();
    await expect.poll(() => page.evaluate('getSelection().toString()')).toBe('K7M2XQ4P');
    expect(complaints).toEqual([]);
  });

  it('a double click goes on to the provider: the link is spent once, and its answer not cut off (L8)', async () => {
    const provider = await serveElsewhere((_request, response) => response.end('provider'));
    let arrive = (): void => undefined;
    let go = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const clicked = new Promise<void>((resolve) => {
      go = resolve;
    });
    let calls = 0;
    const origin = await serve({
      describeLink: async () => ({ ...links.named, authorizationOrigin: provider }) as (typeof links)[string],
      startAuthorization: async () => {
        calls += 1;
        if (calls > 1) throw new Gone('used');
        arrive();
        await clicked;
        const expiresAt = Date.UTC(2026, 10, 21, 15);
        return { authorizationUrl: `${provider}/authorize`, browserSecret: new Secret('b'), expiresAt };
      },
    });
    const { page, complaints } = await visit();
    await page.goto(`${origin}/oauth/github?link=named`);
    const { x = 0, y = 0 } = (await page.getByRole('button').boundingBox()) ?? {};
    await page.mouse.click(x + 20, y + 20);
    await arrived;
    await page.mouse.click(x + 20, y + 20);
    go();
    await page.getByText('provider', { exact: true }).waitFor();
    expect([calls, complaints]).toEqual([1, []]);
  });

  it('a page that stays, since another program has taken over, can be used again', async () => {
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const provider = await serveElsewhere((_request, response) => {
      response.writeHead(204).end();
      arrive();
    });
    const expiresAt = Date.UTC(2026, 10, 21, 15);
    const origin = await serve({
      describeLink: async () => ({ ...links.named, authorizationOrigin: provider }) as (typeof links)[string],
      startAuthorization: async () => ({ authorizationUrl: provider, browserSecret: new Secret('b'), expiresAt }),
    });
    const { page } = await visit();
    await page.clock.install();
    await page.goto(`${origin}/oauth/github?link=named`);
    const button = page.getByRole('button');
    await button.click();
    await arrived;
    expect(await button.isDisabled()).toBe(true);
    await page.clock.fastForward(15_000);
    expect(await button.isDisabled()).toBe(false);
  });

  it('the dots before permissions are drawn in the colours that the reader has chosen', async () => {
    const origin = await serve();
    const { page } = await visit({ forcedColors: 'active' });
    await page.goto(`${origin}/oauth/github?link=named`);
    const width = await page.evaluate(
      `getComputedStyle(document.querySelector('.scopes li'), '::before').borderTopWidth`,
    );
    // The backgrounds of all things are painted over there, their borders are not.
    expect(Number.parseFloat(String(width))).toBeGreaterThan(1);
  });

  it('a long name beside a wide logo is not squeezed into a column on a phone', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="32"/>';
    const logo = { mediaType: 'image/svg+xml', content: Buffer.from(svg) } as const;
    const origin = await serve({}, { name: 'Department of Surveying and Geographical Information', logo });
    const { page } = await visit({ viewport: { width: 320, height: 640 } });
    await page.goto(`${origin}/oauth/github?link=named`);
    const { width = 0, height = 0 } = (await page.locator('header bdi').boundingBox()) ?? {};
    expect(width).toBeGreaterThan(2 * height);
  });

  it('the done page is whole without scripts', async () => {
    const origin = await serve();
    const { page } = await visit({ javaScriptEnabled: false });
    await page.context().addCookies([{ name: 'valetkey_flow_github', value: 'code', url: origin }]);
    await page.goto(`${origin}/oauth/github/done`);
    expect(await page.locator('#return-code').textContent()).toBe('K7M2XQ4P');
    expect(await page.getByRole('button').count()).toBe(0);
  });

  it('the account page is whole without scripts: who used it is unfolded, and a connection paused', async () => {
    const paused: unknown[] = [];
    const origin = await serve({
      pauseConnection: async (_user, provider, options) => paused.push([provider, options?.account]) > 0,
    });
    const { page } = await visit({ javaScriptEnabled: false });
    await page.context().addCookies([{ name: 'valetkey_session', value: 'x', url: origin }]);
    await page.goto(`${origin}/connections`);
    await page.getByText('Who used it (3)').click();
    expect(await page.getByText('summarise my inbox').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Pause GitHub' }).click();
    await page.waitForURL(`${origin}/connections`);
    expect(paused).toEqual([['github', 'default']]);
  });

  it('a logo that got past the check still runs nothing and fetches nothing, as a picture or opened by itself', async () => {
    const asked: string[] = [];
    const elsewhere = await serveElsewhere((request, response) => {
      asked.push(String(request.url));
      response.end();
    });
    const content =
      Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="fetch('${elsewhere}/event')">
      <script>document.documentElement.setAttribute('data-ran', '1'); fetch('${elsewhere}/script')</script>
      <image href="${elsewhere}/picture.png" width="9" height="9"/><style>@import '${elsewhere}/style.css';</style></svg>`);
    const origin = await serve({}, { logo: { mediaType: 'image/svg+xml', content } });
    const { page } = await visit();
    await page.goto(`${origin}/oauth/github?link=named`);
    const logo = String(await page.locator('header img').getAttribute('src'));
    await page.goto(origin + logo);
    expect(await page.locator('svg').getAttribute('data-ran')).toBeNull();
    expect(asked).toEqual([]);
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
