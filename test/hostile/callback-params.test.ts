/** callback_params: what a browser may bring back from anywhere, and what the callback does about it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AttackedService,
  attack,
  canary,
  expectToStand,
  openAttacked,
  type Shot,
  shoot,
} from './attacked-service.js';
import { callbackPath, finish, isActive, type Returned, returnFrom } from './hostile-flow.js';
import { expectRows } from './surface.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

type Forge = (right: Returned) => Shot;

const base = ({ provider }: Returned) => `/oauth/${provider}/callback`;
const query = (right: Returned, change: Readonly<Record<string, string | undefined>>) => {
  const all = Object.entries({ code: right.code, state: right.state, ...change });
  const kept = all.filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `${base(right)}?${new URLSearchParams(kept)}`;
};
const withCookie = (right: Returned, path: string): Shot => ({ path, headers: { cookie: right.cookie } });
const changed =
  (change: Readonly<Record<string, string | undefined>>): Forge =>
  (right) =>
    withCookie(right, query(right, change));
const appended =
  (text: string): Forge =>
  (right) =>
    withCookie(right, `${query(right, {})}${text}`);
const cookies =
  (make: (right: Returned) => string | undefined): Forge =>
  (right) => {
    const cookie = make(right);
    return { path: query(right, {}), ...(cookie !== undefined && { headers: { cookie } }) };
  };
const pathed =
  (make: (right: Returned) => string): Forge =>
  (right) =>
    withCookie(right, `${make(right)}?${new URLSearchParams({ code: right.code, state: right.state })}`);

/** Refused before anything is spent: the right browser finishes afterwards. */
const refused: Record<string, readonly [status: number, title: string, forge: Forge][]> = {
  'repeated (C6, RFC 6749 3.1)': [
    [400, 'code twice, both right', (right) => appended(`&code=${right.code}`)(right)],
    [400, 'code twice, the second hostile', appended(`&code=${canary}`)],
    [400, 'state twice, both right', (right) => appended(`&state=${right.state}`)(right)],
    [400, 'state twice, the second empty', appended('&state=')],
    [
      400,
      'state twice, the first hostile',
      (right) => withCookie(right, `${base(right)}?state=${canary}&code=${right.code}&state=${right.state}`),
    ],
    [400, 'iss twice', appended('&iss=https://a.example&iss=https://a.example')],
    [400, 'error twice', (right) => withCookie(right, `${base(right)}?state=${right.state}&error=a&error=b`)],
    [400, 'state twice, one name percent-encoded', (right) => appended(`&%73tate=${right.state}`)(right)],
    [400, 'code twice, one name percent-encoded', appended(`&%63ode=${canary}`)],
    [400, 'code beside an error', appended('&error=access_denied')],
  ],
  'missing or empty (L4)': [
    [400, 'no state', changed({ state: undefined })],
    [400, 'an empty state', changed({ state: '' })],
    [400, 'no code and no error', changed({ code: undefined })],
    [400, 'an empty code', changed({ code: '' })],
    [400, 'no query at all', (right) => withCookie(right, base(right))],
    [400, 'a bare question mark', (right) => withCookie(right, `${base(right)}?`)],
    [
      400,
      'state in upper case',
      (right) => withCookie(right, `${base(right)}?code=${right.code}&STATE=${right.state}`),
    ],
    [
      400,
      'state in brackets',
      (right) => withCookie(right, `${base(right)}?code=${right.code}&state[]=${right.state}`),
    ],
    [
      400,
      'all in the fragment',
      (right) => withCookie(right, `${base(right)}?#code=${right.code}&state=${right.state}`),
    ],
    [
      400,
      'separated by semicolons',
      (right) => withCookie(right, `${base(right)}?code=${right.code};state=${right.state}`),
    ],
    [400, 'an empty error and no code', changed({ code: undefined, error: '' })],
  ],
  'of another form (state)': [
    [410, 'cut short', (right) => changed({ state: right.state.slice(0, -1) })(right)],
    [410, 'made longer', (right) => changed({ state: `${right.state}A` })(right)],
    [410, 'in upper case', (right) => changed({ state: right.state.toUpperCase() })(right)],
    [410, 'with a blank before it', (right) => changed({ state: ` ${right.state}` })(right)],
    [410, 'with a NUL after it', (right) => changed({ state: `${right.state}\0` })(right)],
    [
      410,
      'with a line break after it',
      (right) => changed({ state: `${right.state}\r\nSet-Cookie: a=${canary}` })(right),
    ],
    [410, 'of 8000 characters', changed({ state: `${canary}${'a'.repeat(8000)}` })],
    [410, 'with store delimiters', changed({ state: `{${canary}}:*:../` })],
    [410, 'called __proto__', changed({ state: '__proto__' })],
    [410, 'in Unicode', changed({ state: '\u{1f511}'.repeat(20) })],
    [410, 'that is broken UTF-8', (right) => withCookie(right, `${base(right)}?code=${right.code}&state=%ff%fe`)],
    [410, 'that is a broken escape', (right) => withCookie(right, `${base(right)}?code=${right.code}&state=%zz`)],
    [
      410,
      'percent-encoded twice',
      (right) =>
        withCookie(
          right,
          `${base(right)}?code=${right.code}&state=${right.state.replace(/^./, (first) => `%25${first.charCodeAt(0).toString(16)}`)}`,
        ),
    ],
    [410, 'that is the code', (right) => changed({ state: right.code })(right)],
    [410, 'that is the link', (right) => changed({ state: right.link })(right)],
    [410, 'that is the connect id', (right) => changed({ state: right.connectId })(right)],
    [410, 'that is the cookie', (right) => changed({ state: right.cookieValue })(right)],
    [410, 'that is SQL', changed({ state: `' OR 1=1 --${canary}` })],
    [410, 'that is a script', changed({ state: `<script>${canary}</script>` })],
    [410, 'that is a template', changed({ state: `\${${canary}}<%= 7*7 %>` })],
  ],
  'cookie (L3, L5)': [
    [400, 'none', cookies(() => undefined)],
    [400, 'empty', cookies(({ cookieName }) => `${cookieName}=`)],
    [400, 'of another value', cookies(({ cookieName }) => `${cookieName}=${canary}`)],
    [400, 'twice, both right', cookies(({ cookie }) => `${cookie}; ${cookie}`)],
    [400, 'twice, a planted one first', cookies(({ cookie, cookieName }) => `${cookieName}=planted; ${cookie}`)],
    [400, 'twice, a planted one last', cookies(({ cookie, cookieName }) => `${cookie}; ${cookieName}=planted`)],
    [400, 'under the name of another provider', cookies(({ cookieValue }) => `valetkey_flow_twin=${cookieValue}`)],
    [400, 'under the name of the session', cookies(({ cookieValue }) => `valetkey_session=${cookieValue}`)],
    [400, 'in upper case', cookies(({ cookieName, cookieValue }) => `${cookieName.toUpperCase()}=${cookieValue}`)],
    [400, 'with the prefix of https', cookies(({ cookie }) => `__Host-${cookie}`)],
    [400, 'in quotes', cookies(({ cookieName, cookieValue }) => `${cookieName}="${cookieValue}"`)],
    [400, 'cut short', cookies(({ cookie }) => cookie.slice(0, -1))],
    [400, 'made longer', cookies(({ cookie }) => `${cookie}A`)],
    [400, 'that is the state', cookies(({ cookieName, state }) => `${cookieName}=${state}`)],
    [400, 'with a blank in its name', cookies(({ cookieName, cookieValue }) => `${cookieName} =${cookieValue}`)],
    [400, 'behind a no-break space, which takes it past __Host- (L5)', cookies(({ cookie }) => `\u00a0${cookie}`)],
    [400, 'separated by a comma', cookies(({ cookie }) => `a=b, ${cookie}`)],
    [400, 'of 8000 characters', cookies(({ cookieName }) => `${cookieName}=${'a'.repeat(8000)}`)],
  ],
  'method and path': [
    [400, "another provider's path (C1)", (right) => withCookie(right, query({ ...right, provider: 'twin' }, {}))],
    [404, 'HEAD (L7)', (right) => ({ method: 'HEAD', ...withCookie(right, query(right, {})) })],
    [404, 'PUT', (right) => ({ method: 'PUT', ...withCookie(right, query(right, {})) })],
    [404, 'DELETE', (right) => ({ method: 'DELETE', ...withCookie(right, query(right, {})) })],
    [404, 'OPTIONS', (right) => ({ method: 'OPTIONS', ...withCookie(right, query(right, {})) })],
    [404, 'a slash at the end', pathed((right) => `${base(right)}/`)],
    [404, 'two slashes', pathed(() => '/oauth//callback')],
    [404, 'a parent segment', pathed((right) => `/oauth/x/../${right.provider}/callback`)],
    [404, 'an encoded parent segment', pathed((right) => `/oauth/%2e%2e/${right.provider}/callback`)],
    [404, 'an encoded slash', pathed((right) => `/oauth/${right.provider}%2fcallback`)],
    [404, 'in upper case', pathed((right) => `/OAUTH/${right.provider}/CALLBACK`)],
    [404, 'with a path parameter', pathed((right) => `${base(right)};a=b`)],
    [404, 'an unknown provider', pathed(() => '/oauth/nobody/callback')],
    [
      403,
      'a prefetch (L7)',
      (right) => ({ path: query(right, {}), headers: { cookie: right.cookie, 'sec-purpose': 'prefetch' } }),
    ],
    [
      403,
      'a preview (L7)',
      (right) => ({ path: query(right, {}), headers: { cookie: right.cookie, 'x-purpose': 'preview' } }),
    ],
  ],
};

const rows = Object.entries(refused).flatMap(([family, list]) =>
  list.map(([status, title, forge]) => ({ title: `${family}: ${title}`, status, forge })),
);

describe('a forged callback', () => {
  expectRows('callback_params', rows);

  it.each(rows)('is refused before the code is spent: $title', async ({ status, forge }) => {
    const right = await returnFrom(service);
    const asked = service.server.requestsTo('/token').length;
    const seen = await shoot(service, forge(right));
    expect(seen.status).toBe(status);
    await expectToStand(service, seen, [canary, right.code, right.state, right.cookieValue]);
    expect(service.server.requestsTo('/token')).toHaveLength(asked);
    expect(await finish(service, right)).toMatch(/^[2-9A-Z]{8}$/);
    expect(await isActive(service, right.user)).toBe(false);
  });
});

describe('the issuer (RFC 9207 2.4) of a server that promises one', () => {
  const issuers: readonly [title: string, iss: (url: string) => string | undefined][] = [
    ['missing', () => undefined],
    ['empty', () => ''],
    ['another one', () => 'https://evil.example'],
    ['with a slash at the end', (url) => `${url}/`],
    ['in upper case', (url) => url.toUpperCase()],
    ['with a user', (url) => url.replace('//', '//x@')],
    ['with a query', (url) => `${url}?a`],
    ['with a fragment', (url) => `${url}#a`],
    ['with a blank', (url) => `${url} `],
    ['of another scheme', (url) => url.replace('http:', 'https:')],
    ['of another port', (url) => `${url}1`],
    ['by another name of the same host', (url) => url.replace('127.0.0.1', 'localhost')],
  ];

  it.each(issuers)('is refused when it is %s, beside a code and beside an error (C1)', async (_title, iss) => {
    const right = await returnFrom(service, 'issuing');
    const asked = service.server.requestsTo('/token').length;
    const change = { iss: iss(service.server.url) };
    for (const more of [{}, { code: undefined, error: 'access_denied' }]) {
      await attack(service, changed({ ...change, ...more })(right), { status: 400 });
    }
    expect(service.server.requestsTo('/token')).toHaveLength(asked);
    expect(await finish(service, right)).not.toBe('');
  });
});

describe('an error of the provider', () => {
  const errors = [
    'access_denied',
    'server_error',
    `<img src=x onerror=${canary}>`,
    `${canary}\r\nLocation: https://evil.example`,
    canary.repeat(500),
    '__proto__',
    '"',
    '\u202e\u0000',
  ];

  it.each(errors)('ends the connect and is repeated nowhere: %j', async (error) => {
    const right = await returnFrom(service);
    const description = { error_description: canary, error_uri: `javascript:${canary}` };
    const seen = await attack(service, changed({ code: undefined, error, ...description })(right), { status: 303 });
    const done = await shoot(service, { path: String(seen.headers.location), headers: { cookie: right.cookie } });
    await expectToStand(service, done);
    expect(done.text).not.toContain('id="return-code"');
    expect((await shoot(service, withCookie(right, callbackPath(right, service.server)))).status).toBe(410);
    expect(await isActive(service, right.user)).toBe(false);
  });
});

describe('an answer by form post', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const posts: readonly [title: string, status: number, headers: Record<string, string>, body: string][] = [
    ['as JSON', 415, { 'content-type': 'application/json' }, `{"code":"${canary}"}`],
    ['as text', 415, { 'content-type': 'text/plain' }, `code=${canary}`],
    ['as multipart', 415, { 'content-type': 'multipart/form-data; boundary=x' }, `--x\r\n${canary}\r\n--x--`],
    ['as XML', 415, { 'content-type': 'application/xml' }, `<code>${canary}</code>`],
    ['of 40 KiB', 413, form, `code=${canary}${'a'.repeat(40_000)}`],
    ['without a body', 400, {}, ''],
  ];

  it.each(posts)('is refused %s', async (_title, status, headers, body) => {
    await attack(service, { method: 'POST', path: '/oauth/scripted/callback', headers, body }, { status });
  });

  it('keeps repeated parameters repeated, drops strange ones, and is refused as a fetched one would be', async () => {
    const right = await returnFrom(service);
    const body = `code=${right.code}&code=x&state=${right.state}&next=${canary}&__proto__=${canary}`;
    const sent = await attack(service, { method: 'POST', path: base(right), headers: form, body }, { status: 200 });
    expect(sent.text).toContain(`<form method="post" action="${base(right)}">`);
    const again = [...sent.text.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']): [string, string] => [name, value],
    );
    expect(again.map(([name]) => name)).toEqual(['code', 'code', 'state', 'reposted']);
    const own = { ...form, cookie: right.cookie };
    const reposted = {
      method: 'POST',
      path: base(right),
      headers: own,
      body: `${new URLSearchParams(again)}`,
    } as const;
    await attack(service, reposted, { status: 400 });
    expect(await finish(service, right)).not.toBe('');
  });
});
