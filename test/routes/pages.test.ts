import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { type BrowserRoutesOptions, browserRoutes } from '../../routes/browser.js';
import {
  Forbidden,
  GrantRefused,
  KeyUnavailable,
  ManagerLifecycleError,
  ProviderError,
  ProviderUnavailable,
  RateLimited,
  StoredTokenUnreadable,
} from '../../src/core/errors.js';
import { fixedManager } from '../support/fixed-manager.js';

const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

async function open(options: Partial<BrowserRoutesOptions> = {}): Promise<FastifyInstance> {
  const app = fastify();
  apps.push(app);
  const base = { manager: fixedManager, baseUrl: 'http://localhost:3000', now: () => Date.UTC(2026, 10, 21, 14) };
  await app.register(browserRoutes, { ...base, ...options });
  return app;
}

const visitor = { accept: 'text/html', cookie: 'valetkey_session=x; valetkey_flow_github=code' };

const pagePaths = [
  ['/oauth/github?link=named', 200],
  ['/oauth/github?link=used', 410],
  ['/oauth/github', 400],
  ['/oauth/github?link=named&link=unnamed', 400],
  ['/oauth/nobody?link=named', 404],
  ['/oauth/__proto__?link=named', 404],
  ['/oauth/github/done', 200],
  ['/oauth/github/callback?state=store', 503],
  ['/oauth/github/callback?state=stopping', 503],
  ['/oauth/github/callback?state=bug', 500],
  ['/oauth/github/nowhere', 404],
  ['/connections', 200],
  ['/connections/enter?link=good', 200],
  ['/connections/enter?link=used', 410],
  ['/connections/leave', 404],
] as const;

describe('every page', () => {
  it.each(pagePaths)('%s answers %i with the headers of S3-30, L17 and L18', async (url, status) => {
    const app = await open();
    const response = await app.inject({ url, headers: visitor });
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
    });
    const policy = String(response.headers['content-security-policy']);
    for (const directive of ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
      expect(policy).toContain(directive);
    }
    expect(policy).not.toContain('unsafe');
    expect(response.headers).not.toHaveProperty('strict-transport-security');
  });

  it.each(pagePaths)('%s has no inline script or style and stays below 30 kB with its files', async (url) => {
    const app = await open();
    const { body } = await app.inject({ url, headers: visitor });
    expect(body).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i);
    const files = [...body.matchAll(/(?:src|href)="(?<path>\/assets\/[^"]+)"/g)].map(
      (match) => match.groups?.path ?? '',
    );
    const sizes = await Promise.all(
      [...new Set(files)].map(async (path) => (await app.inject(path)).rawPayload.length),
    );
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, Buffer.byteLength(body))).toBeLessThan(30_000);
  });

  it('asks for https from then on, only on https', async () => {
    const app = await open({ baseUrl: 'https://connect.example' });
    const response = await app.inject({ url: '/oauth/github?link=named' });
    expect(response.headers['strict-transport-security']).toMatch(/^max-age=\d{7,}/);
  });

  it('speaks the language that the browser likes best', async () => {
    const app = await open();
    const page = async (language: string) =>
      (await app.inject({ url: '/oauth/github?link=named', headers: { 'accept-language': language } })).body;
    expect(await page('fr, de-AT;q=0.8, en;q=0.5')).toContain('<html lang="de">');
    expect(await page('fr')).toContain('<html lang="en">');
  });

  it('leads to paths below the prefix of the base URL', async () => {
    const app = await open({ baseUrl: 'https://host.example/keys/' });
    const { body } = await app.inject('/oauth/github?link=named');
    expect(body).toContain('action="/keys/oauth/github"');
    expect(body).toMatch(/href="\/keys\/assets\/valetkey\.[0-9a-f]+\.css"/);
  });

  it.each(['sec-purpose', 'purpose', 'x-moz'])('refuses a fetch ahead of the person by %s (L7)', async (header) => {
    const app = await open();
    const response = await app.inject({ url: '/oauth/github?link=named', headers: { [header]: 'prefetch;prerender' } });
    expect(response.statusCode).toBe(403);
  });

  it('is not made for programs where the path leads nowhere', async () => {
    const app = await open();
    const response = await app.inject({ url: '/oauth/github/nowhere', headers: { accept: 'application/json' } });
    expect(response.statusCode).toBe(404);
    expect(response.headers['content-type']).toContain('application/json');
  });
});

describe('the landing page', () => {
  it('names chat identity, provider and scopes in words', async () => {
    const app = await open();
    const { body } = await app.inject('/oauth/github?link=named');
    for (const text of ['Alice Example', 'on Slack', 'GitHub', 'Read your profile', 'admin:enterprise']) {
      expect(body).toContain(text);
    }
  });

  it('allows its form to lead to the authorization endpoint and on (L19)', async () => {
    const app = await open();
    const { headers } = await app.inject('/oauth/github?link=named');
    expect(headers['content-security-policy']).toContain("form-action 'self' https://github.com https:;");
    const other = await app.inject({ url: '/connections', headers: visitor });
    expect(other.headers['content-security-policy']).toContain("form-action 'self';");
  });

  it('shows hostile names as text that cannot turn the reading direction (A11)', async () => {
    const app = await open();
    const { body } = await app.inject('/oauth/github?link=hostile');
    expect(body).not.toMatch(/<script>|<img src=x>|\u202e/);
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});

describe('the done page', () => {
  const done = async (flow: string) => {
    const app = await open();
    return app.inject({ url: '/oauth/github/done', headers: { cookie: `valetkey_flow_github=${flow}` } });
  };

  it('shows account and return code, and the code alone in its element', async () => {
    const { body } = await done('code');
    expect(body).toMatch(/<output id="return-code"[^>]*>K7M2XQ4P<\/output>/);
    expect(body).toContain('octo-alice');
    expect(body).toContain('href="https://t.me/example_bot?start=K7M2XQ4P"');
  });

  it('caps and escapes the account name, and never links to a script (A11)', async () => {
    const { body } = await done('hostile');
    expect(body).not.toMatch(/<script>|javascript:/);
    expect(body.match(/alert\(1\)/g)?.length).toBeLessThan(5);
  });

  it.each([
    ['denied', 400, 'was told no'],
    ['failed', 400, 'did not lead to a connection'],
    ['expired', 410, 'did not come in time'],
    ['somebody-elses', 410, 'only in the browser that finished'],
  ])('says in plain words when the flow ended as %s', async (flow, status, words) => {
    const response = await done(flow);
    expect(response.statusCode).toBe(status);
    expect(response.body).toContain(words);
    expect(response.body).not.toContain('return-code');
  });

  it('sends the browser to the host that verifies it (proof app_verifier)', async () => {
    const response = await done('verifier');
    expect(response.statusCode).toBe(303);
    expect(response.headers.location).toBe('https://app.example/verify?connect_id=cn_1');
  });

  it('refuses a flow cookie that came twice (L5)', async () => {
    const app = await open();
    const cookie = 'valetkey_flow_github=code; valetkey_flow_github=code';
    expect((await app.inject({ url: '/oauth/github/done', headers: { cookie } })).statusCode).toBe(400);
  });
});

describe('an error page', () => {
  it.each(['store', 'provider', 'bug'])('tells nothing of what was thrown: %s', async (state) => {
    const app = await open();
    const response = await app.inject({ url: `/oauth/github/callback?state=${state}&error_description=CANARY` });
    expect(response.statusCode).toBeGreaterThanOrEqual(500);
    expect(response.body).not.toContain('CANARY');
    expect(response.headers['retry-after']).toBe(state === 'bug' ? undefined : '60');
  });

  const provider = 'github';
  it.each([
    [new Forbidden('CANARY'), 403, undefined],
    [new RateLimited(1_001), 429, '2'],
    [new ProviderError('CANARY', { provider, misconfigured: true }), 502, undefined],
    [new GrantRefused({ provider, status: 400, oauthError: 'CANARY' }), 502, undefined],
    [new ProviderUnavailable('CANARY', { provider, reached: 'no' }), 503, '60'],
    [new KeyUnavailable('CANARY'), 503, '60'],
    [new StoredTokenUnreadable('CANARY'), 503, '60'],
    [new ManagerLifecycleError('CANARY'), 503, '60'],
  ])('says by its status whose fault it is, and whether to come back: %s', async (error, status, retryAfter) => {
    const app = await open({ manager: { ...fixedManager, describeLink: () => Promise.reject(error) } });
    const response = await app.inject('/oauth/github?link=named');
    expect([response.statusCode, response.headers['retry-after']]).toEqual([status, retryAfter]);
    expect(response.headers['content-type']).toContain('text/html');
    expect(response.headers['content-security-policy']).not.toContain('script-src');
    expect(response.body).not.toContain('CANARY');
  });

  it.each([
    ['application/json', '{"link":"named"}', 415],
    ['application/x-www-form-urlencoded', `link=${'x'.repeat(40_000)}`, 413],
    ['application/x-www-form-urlencoded', 'link=a&link=b', 400],
    ['application/x-www-form-urlencoded', '', 400],
  ])('answers a body of %s that is no form of ours', async (contentType, payload, status) => {
    const app = await open();
    const headers = { 'content-type': contentType };
    const response = await app.inject({ method: 'POST', url: '/oauth/github', headers, payload });
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toContain('text/html');
  });
});

describe('assets', () => {
  it('are kept for good under a name that changes with the content', async () => {
    const app = await open();
    const { body } = await app.inject('/oauth/github?link=named');
    const path = /href="(?<path>\/assets\/valetkey\.[0-9a-f]{10}\.css)"/.exec(body)?.groups?.path ?? '';
    const response = await app.inject(path);
    expect(response.headers['content-type']).toBe('text/css; charset=utf-8');
    expect(response.headers['cache-control']).toContain('immutable');
  });

  it.each(['/assets/valetkey.css', '/assets/..%2frender.ts', '/assets/%2e%2e/oauth.ts', '/assets/layout.eta'])(
    'are nothing but the few files that are meant: %s',
    async (path) => {
      const app = await open();
      expect((await app.inject(path)).statusCode).toBe(404);
    },
  );
});
