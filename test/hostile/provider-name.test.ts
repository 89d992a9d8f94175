/** provider_name: what stands where a provider is named, in the API, in the browser half and in JWTs. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AttackedService,
  asForm,
  asJson,
  attack,
  bearer,
  canary,
  keys,
  openAttacked,
  shoot,
} from './attacked-service.js';
import { ask, finish, isActive, press, prove, returnFrom } from './hostile-flow.js';
import { expectRows } from './surface.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

/** As it stands in the path; what each family answers in the API. */
const names: Record<string, { readonly status: number; readonly code: string; readonly list: readonly string[] }> = {
  'well-formed and unknown': {
    status: 404,
    code: 'unknown_provider',
    list: ['nobody', 'constructor', 'prototype', 'valueof', 'tostring', 'hasownproperty', 'null', 'undefined', 'nan']
      .concat(['true', '0', '1e3', 'scripted-', 'scripted_', 'scriptedx', 'script', 'length', 'then', 'github', 'a'])
      .concat(['x'.repeat(64)]),
  },
  'of JavaScript': {
    status: 400,
    code: 'invalid_request',
    list: [
      '__proto__',
      'toString',
      'hasOwnProperty',
      '__defineGetter__',
      'isPrototypeOf',
      '-constructor',
      '[object%20Object]',
    ],
  },
  'of another case or length': {
    status: 400,
    code: 'invalid_request',
    list: ['Scripted', 'SCRIPTED', 'x'.repeat(65), 'x'.repeat(4000), '-scripted', '_scripted', canary],
  },
  'a path': {
    status: 400,
    code: 'invalid_request',
    list: [
      '..%2fscripted',
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e',
      '%2e',
      '..',
      '.',
      'scripted%2f',
      '%2fscripted',
      'scripted%5c..',
    ].concat(['%252e%252e%252f', 'scripted;x', '..;', 'file:%2f%2f%2fetc', 'scripted%3fa=b', 'scripted%23a']),
  },
  'broken escapes and control characters': {
    status: 400,
    code: 'invalid_request',
    list: [
      'scripted%00',
      '%00',
      'scripted%0a',
      'scripted%0d%0aX:%20y',
      '%ff',
      '%c0%af',
      '%ed%a0%80',
      '%zz',
      '%',
      'scripted%',
      '%u0073',
    ].concat(['scripted%20', '%20scripted', 'scripted%09', 'scripted+', '%e2%80%8bscripted', '%ef%bb%bfscripted']),
  },
  'of the store': {
    status: 400,
    code: 'invalid_request',
    list: [
      '%7bscripted%7d',
      'scripted:x',
      '*',
      'scripted%2a',
      '%3f',
      '%5ba-z%5d',
      'a%0d%0aDEL',
      "'%20OR%201=1",
      '%7b%7b7*7%7d%7d',
    ],
  },
  'look-alikes': {
    status: 400,
    code: 'invalid_request',
    list: [
      '%d1%95cripted',
      '%ef%bd%93cripted',
      'scr%c4%b1pted',
      'script%c3%a9d',
      '%f0%9d%93%bccripted',
      '%e2%80%aescripted',
      's%cc%81cripted',
    ],
  },
};

const rows = Object.entries(names).flatMap(([family, { status, code, list }]) =>
  list.map((name) => ({ family, name, short: name.slice(0, 40), status, code })),
);

const reject = JSON.stringify({ rejected_token_sha256: 'a'.repeat(64) });

describe('a provider that is not there', () => {
  expectRows('provider_name', rows);

  it.each(rows)('gets nobody anywhere: $family, $short', async ({ name, status, code }) => {
    const marks = name.includes(canary) ? [canary] : [];
    const api = bearer(keys.bot);
    const expected = { status, code, marks };
    await attack(service, { path: `/v1/users/u1/tokens/${name}`, headers: api }, expected);
    const post = { method: 'POST', headers: { ...api, ...asJson } };
    await attack(service, { ...post, path: `/v1/users/u1/tokens/${name}/refresh`, body: reject }, expected);
    await attack(service, { ...post, path: `/v1/users/u1/connect/${name}`, body: '{}' }, expected);
    await attack(service, { ...post, path: `/v1/exchange/${name}`, body: '{"subject_token":"x"}' }, expected);
    // What cannot be connected may have been connected once: to disconnect it is no mistake.
    const gone = code === 'unknown_provider' ? { status: 200, marks } : expected;
    await attack(service, { method: 'DELETE', path: `/v1/users/u1/connections/${name}`, headers: api }, gone);
  });

  it.each(rows)('has no page and spends no link: $family, $short', async ({ name }) => {
    const { link } = await ask(service);
    for (const path of [
      `/oauth/${name}?link=${link}`,
      `/oauth/${name}/callback?code=a&state=b`,
      `/oauth/${name}/done`,
    ]) {
      const seen = await shoot(service, { path });
      expect([400, 404]).toContain(seen.status);
      if (name.length > 20) expect(seen.text).not.toContain(name);
    }
    const posted = await shoot(service, {
      method: 'POST',
      path: `/oauth/${name}`,
      headers: asForm,
      body: `link=${link}`,
    });
    expect([400, 404]).toContain(posted.status);
    expect((await press(service, 'scripted', link)).status).toBe(303);
    expect((await shoot(service, { path: '/readyz' })).status).toBe(200);
  });
});

describe('the right provider beside it', () => {
  it('still connects, and no other name than its own leads to the connection', async () => {
    const right = await returnFrom(service);
    expect((await prove(service, right.user, await finish(service, right))).status).toBe(200);
    expect(await isActive(service, right.user)).toBe(true);
    const path = (name: string) => `/v1/users/${encodeURIComponent(right.user)}/tokens/${name}`;
    const headers = bearer(keys.bot);
    expect((await shoot(service, { path: path('scripted'), headers })).status).toBe(200);
    expect((await shoot(service, { path: path('%73cripted'), headers })).status).toBe(200);
    for (const { name } of rows) expect((await shoot(service, { path: path(name), headers })).status).not.toBe(200);
    await attack(service, { path: path('twin'), headers }, { status: 409, code: 'not_connected' });
  });
});
