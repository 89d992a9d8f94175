/** portal_actions: the account page under forged forms, stolen and planted sessions, strange ids and frames. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type AttackedService,
  asForm,
  canary,
  expectToStand,
  openAttacked,
  type Shot,
  shoot,
} from './attacked-service.js';
import { accountLink, enterAccount, newUser } from './hostile-flow.js';
import { expectRows } from './surface.js';

let service: AttackedService;
let user: string;
let own: Awaited<ReturnType<typeof enterAccount>>;
let foreign: Awaited<ReturnType<typeof enterAccount>>;

beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());
beforeEach(async () => {
  user = newUser();
  await service.manager.storeToken(user, { provider: 'scripted', accessToken: `at-of-${user}` });
  own = await enterAccount(service, user);
  foreign = await enterAccount(service, newUser());
});

const actions = ['/connections/scripted/disconnect', '/connections/scripted/connect', '/connections/leave'] as const;

/** A form as it would be right; rows spoil one thing of it. */
function form(
  path: string,
  change: { fields?: Record<string, string> | string; headers?: Record<string, string> } = {},
): Shot {
  const fields = change.fields ?? { csrf_token: own.csrf };
  const body = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString();
  return { method: 'POST', path, headers: { ...asForm, cookie: own.cookie, ...change.headers }, body };
}

const cookie = (make: () => string) => (path: string) => form(path, { headers: { cookie: make() } });
const headers = (more: Record<string, string>) => (path: string) => form(path, { headers: more });
const fields = (make: () => Record<string, string> | string) => (path: string) => form(path, { fields: make() });

const rows: readonly [status: number, title: string, forge: (path: string) => Shot][] = [
  // CSRF token (OWASP CSRF cheat sheet).
  [403, 'no CSRF token', fields(() => ({}))],
  [403, 'an empty CSRF token', fields(() => ({ csrf_token: '' }))],
  [403, 'a wrong CSRF token', fields(() => ({ csrf_token: canary }))],
  [403, "another person's CSRF token", fields(() => ({ csrf_token: foreign.csrf }))],
  [403, 'the session as CSRF token', fields(() => ({ csrf_token: own.secret }))],
  [403, 'the CSRF token cut short', fields(() => ({ csrf_token: own.csrf.slice(0, -1) }))],
  [403, 'the CSRF token in upper case', fields(() => ({ csrf_token: own.csrf.toUpperCase() }))],
  [403, 'the CSRF token with a blank', fields(() => ({ csrf_token: `${own.csrf} ` }))],
  [400, 'the CSRF token twice', fields(() => `csrf_token=${own.csrf}&csrf_token=${own.csrf}`)],
  [403, 'the CSRF token in brackets', fields(() => `csrf_token[]=${own.csrf}`)],
  [403, 'the CSRF token under another name', fields(() => ({ _csrf: own.csrf }))],
  [400, 'a CSRF token of 300 characters', fields(() => ({ csrf_token: 'x'.repeat(300) }))],
  [403, 'the CSRF token in a header', (path) => form(path, { fields: {}, headers: { 'x-csrf-token': own.csrf } })],
  [403, 'the CSRF token in the query', (path) => form(`${path}?csrf_token=${own.csrf}`, { fields: {} })],
  // Where the form stood.
  [403, 'the origin of another site', headers({ origin: 'https://evil.example' })],
  [403, 'an origin of null without Sec-Fetch-Site', headers({ origin: 'null' })],
  [403, 'our origin with another port', (path) => form(path, { headers: { origin: `${service.address}0` } })],
  [
    403,
    'our origin as https',
    (path) => form(path, { headers: { origin: service.address.replace('http:', 'https:') } }),
  ],
  [403, 'our origin with a slash', (path) => form(path, { headers: { origin: `${service.address}/` } })],
  [
    403,
    'our origin by another name',
    (path) => form(path, { headers: { origin: service.address.replace('127.0.0.1', 'localhost') } }),
  ],
  [
    403,
    'our origin before a foreign one',
    (path) => form(path, { headers: { origin: `${service.address}.evil.example` } }),
  ],
  [403, 'two origins', (path) => form(path, { headers: { origin: `${service.address} https://evil.example` } })],
  [403, 'Sec-Fetch-Site cross-site', headers({ 'sec-fetch-site': 'cross-site' })],
  [403, 'Sec-Fetch-Site same-site', headers({ 'sec-fetch-site': 'same-site' })],
  [403, 'Sec-Fetch-Site none', headers({ 'sec-fetch-site': 'none' })],
  [403, 'a prefetch', headers({ 'sec-purpose': 'prefetch;prerender' })],
  // The session.
  [401, 'no cookie', (path) => ({ ...form(path), headers: asForm })],
  [401, 'an empty session', cookie(() => 'valetkey_session=')],
  [401, 'a planted session', cookie(() => `valetkey_session=${canary}`)],
  [401, 'a session cut short', cookie(() => own.cookie.slice(0, -1))],
  [401, 'a session in upper case', cookie(() => `valetkey_session=${own.secret.toUpperCase()}`)],
  [401, 'a session under another name', cookie(() => `session=${own.secret}`)],
  [401, 'a session with the prefix of https', cookie(() => `__Host-${own.cookie}`)],
  [401, 'the session in quotes', cookie(() => `valetkey_session="${own.secret}"`)],
  [401, 'the CSRF token as session', cookie(() => `valetkey_session=${own.csrf}`)],
  [400, 'two sessions', cookie(() => `${own.cookie}; ${foreign.cookie}`)],
  [400, 'the same session twice', cookie(() => `${own.cookie}; ${own.cookie}`)],
  [403, "another person's session", cookie(() => foreign.cookie)],
  [401, '__proto__ as session', cookie(() => 'valetkey_session=__proto__')],
  [
    401,
    'the session as a bearer credential',
    (path) => ({ ...form(path), headers: { ...asForm, authorization: `Bearer ${own.secret}` } }),
  ],
  // The form.
  [
    415,
    'JSON',
    (path) =>
      form(path, { fields: JSON.stringify({ csrf_token: own.csrf }), headers: { 'content-type': 'application/json' } }),
  ],
  [415, 'text', (path) => form(path, { fields: `csrf_token=${own.csrf}`, headers: { 'content-type': 'text/plain' } })],
  [
    415,
    'multipart',
    (path) =>
      form(path, {
        fields: `--x\r\ncontent-disposition: form-data; name="csrf_token"\r\n\r\n${own.csrf}\r\n--x--`,
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
      }),
  ],
  [413, 'a form of 40 KiB', fields(() => ({ csrf_token: own.csrf, x: 'x'.repeat(40_000) }))],
  [400, 'an account with a control character', fields(() => ({ csrf_token: own.csrf, account: 'a\u0000' }))],
  [400, 'an empty account', fields(() => ({ csrf_token: own.csrf, account: '' }))],
  [400, 'an account of 129 characters', fields(() => ({ csrf_token: own.csrf, account: 'x'.repeat(129) }))],
  [400, 'the account twice', fields(() => `csrf_token=${own.csrf}&account=a&account=b`)],
  // Method.
  [
    404,
    'GET',
    (path) => ({ path: `${path}?csrf_token=${own.csrf}`, headers: { cookie: own.cookie, accept: 'text/html' } }),
  ],
  [404, 'HEAD', (path) => ({ method: 'HEAD', path, headers: { cookie: own.cookie } })],
  [404, 'PUT', (path) => ({ ...form(path), method: 'PUT' })],
  [404, 'DELETE', (path) => ({ ...form(path), method: 'DELETE' })],
  [404, 'a method in the form', (path) => ({ ...form(path), method: 'PATCH' })],
];

describe('a forged action (A10)', () => {
  expectRows(
    'portal_actions',
    rows.flatMap((row) => actions.map((action) => [action, row])),
  );

  it.each(rows)('%i: %s changes nothing at any action', async (status, _title, forge) => {
    for (const path of actions) {
      // Leaving takes no account.
      const expected = path.endsWith('leave') && /account/.test(_title) && status === 400 ? [400, 200] : [status];
      const seen = await shoot(service, forge(path));
      expect([path, expected.includes(seen.status) ? expected[0] : seen.status]).toEqual([path, status]);
      await expectToStand(service, seen, [canary, own.csrf, own.secret, foreign.csrf]);
    }
    expect(await service.manager.hasToken(user, 'scripted')).toBe(true);
    expect((await shoot(service, { path: '/connections', headers: { cookie: own.cookie } })).status).toBe(200);
  });
});

describe('whose connection', () => {
  it.each([
    '__proto__',
    'Scripted',
    '..%2fscripted',
    '%00',
    'nobody',
    'x'.repeat(65),
    '%f0%9f%98%80',
    '*',
    'scripted%20',
  ])('is not said by a provider called "%s"', async (name) => {
    for (const action of ['connect', 'disconnect']) {
      const seen = await shoot(service, form(`/connections/${name}/${action}`));
      expect([200, 400, 404]).toContain(seen.status);
      await expectToStand(service, seen);
    }
    expect(await service.manager.hasToken(user, 'scripted')).toBe(true);
  });

  it.each(['user', 'user_id', 'userId', 'tenant', 'connection_id', 'owner', 'sub'])(
    'is not said by a field "%s"',
    async (name) => {
      const victim = newUser();
      await service.manager.storeToken(victim, { provider: 'scripted', accessToken: 'at-of-victim' });
      await shoot(
        service,
        form(`/connections/scripted/disconnect?${name}=${victim}`, {
          fields: { csrf_token: own.csrf, [name]: victim },
        }),
      );
      expect(await service.manager.hasToken(victim, 'scripted')).toBe(true);
      expect(await service.manager.hasToken(user, 'scripted')).toBe(false);
    },
  );
});

describe('a session', () => {
  it.each([
    ['thirty minutes of quiet', 30, 1],
    ['ten hours of use', 25, 25],
  ])('ends after %s', async (_title, step, times) => {
    const page = () => shoot(service, { path: '/connections', headers: { cookie: own.cookie } });
    for (let time = 1; time < times; time += 1) {
      service.clock.advance(step * 60_000);
      if ((await page()).status === 401) expect(time * step).toBeGreaterThanOrEqual(600);
    }
    service.clock.advance(step * 60_000);
    expect((await page()).status).toBe(401);
    expect((await shoot(service, form('/connections/scripted/disconnect'))).status).toBe(401);
    expect(await service.manager.hasToken(user, 'scripted')).toBe(true);
  });

  it('that was left is over in every browser that has its cookie', async () => {
    expect((await shoot(service, form('/connections/leave'))).status).toBe(200);
    expect((await shoot(service, form('/connections/scripted/disconnect'))).status).toBe(401);
  });

  it('is never the one that was there before the link was redeemed (fixation)', async () => {
    const body = new URLSearchParams({ link: await accountLink(service, user) }).toString();
    const seen = await shoot(service, {
      method: 'POST',
      path: '/connections/enter',
      headers: { ...asForm, cookie: foreign.cookie },
      body,
    });
    expect(seen.status).toBe(303);
    expect(String(seen.headers['set-cookie'])).not.toContain(foreign.secret);
    const theirs = await shoot(service, { path: '/connections', headers: { cookie: foreign.cookie } });
    expect(theirs.text).not.toContain('Disconnect Scripted');
  });

  it('is shown in no frame, to no other site, and kept by no cache (L18)', async () => {
    for (const path of [
      '/connections',
      '/connections/enter?link=x',
      '/connections/nothing',
      '/oauth/scripted?link=x',
    ]) {
      const seen = await shoot(service, { path, headers: { cookie: own.cookie, accept: 'text/html' } });
      expect(seen.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(seen.headers).toMatchObject({
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
      });
      expect(seen.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});
