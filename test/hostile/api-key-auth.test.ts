/** api_key_auth: every way to show something that is almost a key, and what one key may do with another's place. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenantIdSchema } from '../../src/core/identifiers.js';
import { createApiKey, revokeApiKey } from '../../src/service/api-keys.js';
import { type AttackedService, attack, canary, keys, openAttacked, type Seen, shoot } from './attacked-service.js';
import { expectRows } from './surface.js';

let service: AttackedService;
/** A key of the store that works, one that is revoked, one that is over. */
const made = { live: '', revoked: '', expired: '' };

beforeAll(async () => {
  service = await openAttacked();
  const request = { owner: 'team', role: 'bot', tenant: tenantIdSchema.parse('default') } as const;
  const now = service.clock.now();
  const { documents } = service.store;
  made.live = (await createApiKey(documents, request, now)).key.reveal();
  const revoked = await createApiKey(documents, request, now);
  made.revoked = revoked.key.reveal();
  await revokeApiKey(documents, revoked.view.id, now);
  made.expired = (await createApiKey(documents, { ...request, expiresAt: now }, now)).key.reveal();
});
afterAll(() => service.close());

type Headers = Readonly<Record<string, string | readonly string[]>>;
type Make = (right: string) => Headers;

const as =
  (change: (right: string) => string): Make =>
  (right) => ({ authorization: `Bearer ${change(right)}` });
const flip = (text: string, at: number) => {
  const index = at < 0 ? text.length + at : at;
  return `${text.slice(0, index)}${text[index] === '0' ? '1' : '0'}${text.slice(index + 1)}`;
};

/** Shown instead of a credential; the same for keys of the configuration and of the store. */
const forms: readonly [title: string, make: Make][] = [
  ['nothing', () => ({})],
  ['an empty header', () => ({ authorization: '' })],
  ['blanks', () => ({ authorization: '   ' })],
  ['the scheme alone', () => ({ authorization: 'Bearer' })],
  ['the scheme and a blank', () => ({ authorization: 'Bearer ' })],
  ['no scheme', (key) => ({ authorization: key })],
  ['Basic', (key) => ({ authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` })],
  ['Basic with the bare key', (key) => ({ authorization: `Basic ${key}` })],
  ['Digest', (key) => ({ authorization: `Digest username="${key}"` })],
  ['DPoP', (key) => ({ authorization: `DPoP ${key}` })],
  ['Token', (key) => ({ authorization: `Token ${key}` })],
  ['Bearer with a colon', (key) => ({ authorization: `Bearer: ${key}` })],
  ['Bearer with an equals sign', (key) => ({ authorization: `Bearer=${key}` })],
  ['Bearer and a tab', (key) => ({ authorization: `Bearer\t${key}` })],
  ['Bearer twice', (key) => ({ authorization: `Bearer Bearer ${key}` })],
  ['quotes', (key) => ({ authorization: `Bearer "${key}"` })],
  ['angle brackets', (key) => ({ authorization: `Bearer <${key}>` })],
  ['a second word', (key) => ({ authorization: `Bearer ${key} ${canary}` })],
  ['a comma and a second credential', (key) => ({ authorization: `Bearer ${key}, Basic eDp5` })],
  ['a semicolon', (key) => ({ authorization: `Bearer ${key};` })],
  ['both headers', (key) => ({ authorization: `Bearer ${key}`, 'x-api-key': key })],
  ['both headers, one of them empty', (key) => ({ authorization: `Bearer ${key}`, 'x-api-key': '' })],
  ['X-API-Key twice', (key) => ({ 'x-api-key': [key, key] })],
  ['X-API-Key with the scheme', (key) => ({ 'x-api-key': `Bearer ${key}` })],
  ['an empty X-API-Key', () => ({ 'x-api-key': '' })],
  ['another header', (key) => ({ 'x-auth-token': key })],
  ['Proxy-Authorization', (key) => ({ 'proxy-authorization': `Bearer ${key}` })],
  ['X-Original-Authorization', (key) => ({ 'x-original-authorization': `Bearer ${key}` })],
  ['a cookie', (key) => ({ cookie: `authorization=${key}; valetkey_session=${key}` })],
  ['a name with an underscore', (key) => ({ x_api_key: key })],
];

/** Shown as a bearer credential: almost the key. */
const mutations: readonly [title: string, change: (right: string) => string][] = [
  ['the first character changed', (key) => flip(key, 0)],
  ['a character in the middle changed', (key) => flip(key, 25)],
  ['the last character changed', (key) => flip(key, -1)],
  ['the last character missing', (key) => key.slice(0, -1)],
  ['the first character missing', (key) => key.slice(1)],
  ['one character more', (key) => `${key}0`],
  ['in upper case', (key) => key.toUpperCase()],
  ['reversed', (key) => [...key].reverse().join('')],
  ['twice', (key) => key + key],
  ['in base64', (key) => Buffer.from(key).toString('base64')],
  ['in hex', (key) => Buffer.from(key).toString('hex')],
  ['percent-encoded', (key) => key.replaceAll('-', '%2d').replaceAll('_', '%5f')],
  ['half of it', (key) => key.slice(0, key.length / 2)],
  ['as a regular expression', () => '.*'],
  ['as a wildcard', () => '*'],
  ['as null', () => 'null'],
  ['as __proto__', () => '__proto__'],
  ['as SQL', () => `'OR'1'='1'--${canary}`],
  ['as 8000 characters', () => `${canary}${'x'.repeat(8000)}`],
  ['as 12 000 characters', () => 'x'.repeat(12_000)],
  ['in quotes of Unicode', (key) => `\u00ab${key}\u00bb`],
];

/** The parts of a stored key: `vk_`, 16 digits of id, `_`, 64 digits of secret, 8 of checksum. */
const storedMutations: readonly [title: string, change: (right: string) => string][] = [
  ['another id', (key) => flip(key, 5)],
  ['another secret under the same checksum', (key) => flip(key, 40)],
  ['another checksum', (key) => flip(key, -3)],
  ['no checksum', (key) => key.slice(0, -8)],
  ['no prefix', (key) => key.slice(3)],
  ['another prefix', (key) => `sk_${key.slice(3)}`],
  ['a prefix in upper case', (key) => `VK_${key.slice(3)}`],
  ['the id alone', (key) => key.slice(0, 19)],
  ['an id of a path', (key) => `vk_../../api_keys${key.slice(19)}`],
  ['an id of a wildcard', (key) => `vk_${'*'.repeat(16)}${key.slice(19)}`],
  ['an empty id', (key) => `vk__${key.slice(20)}`],
  ['a secret of zeros', (key) => `${key.slice(0, 20)}${'0'.repeat(72)}`],
  ['the digits of the secret in upper case', (key) => key.slice(0, 20) + key.slice(20).toUpperCase()],
  ['the secret of a revoked key', (key) => key.slice(0, 20) + made.revoked.slice(20)],
  ['a revoked key', () => made.revoked],
  ['an expired key', () => made.expired],
];

const rows = [
  ...forms.map(([title, make]) => ({ title, make })),
  ...mutations.map(([title, change]) => ({ title: `the key ${title}`, make: as(change) })),
];
const storedRows = [...rows, ...storedMutations.map(([title, change]) => ({ title, make: as(change) }))];

let addresses = 0;
/** From an address of its own, because wrong credentials from one address are soon stopped. */
const fromSomewhere = (headers: Headers) => {
  addresses += 1;
  return { 'x-forwarded-for': `198.51.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`, ...headers };
};

async function refused(right: string, make: Make): Promise<Seen> {
  const headers = fromSomewhere(make(right));
  const marks = [canary, right];
  const expected = { status: 401, code: 'unauthorized', marks };
  const seen = await attack(service, { path: '/v1/users/u1/tokens/scripted', headers }, expected);
  expect(seen.headers['www-authenticate']).toMatch(/^Bearer( error="invalid_token")?$/);
  return seen;
}

/** What of an answer could tell one refusal from another. */
function shapeOf({ status, text }: Seen) {
  const { request_id: _, ...problem } = JSON.parse(text);
  return { status, problem };
}

describe('a credential that is almost a key', () => {
  expectRows('api_key_auth', storedRows);

  it.each(rows)('is refused where it should be a key of the configuration: $title', async ({ make }) => {
    await refused(keys.bot, make);
  });

  it.each(storedRows)('is refused where it should be a key of the store (A2): $title', async ({ make }) => {
    await refused(made.live, make);
  });

  it('is refused in the same words, whatever is wrong with it (A7)', async () => {
    const shapes = new Set<string>();
    for (const { make } of storedRows) {
      shapes.add(
        JSON.stringify(
          shapeOf(await shoot(service, { path: '/v1/providers', headers: fromSomewhere(make(made.live)) })),
        ),
      );
    }
    expect(shapes.size).toBe(1);
  });

  it.each(['?access_token=', '?api_key=', '?key=', '?authorization=Bearer%20', '?token='])(
    'is not looked for in the query: %s',
    async (query) => {
      const path = `/v1/providers${query}${keys.bot}`;
      await attack(
        service,
        { path, headers: fromSomewhere({}) },
        { status: 401, code: 'unauthorized', marks: [keys.bot] },
      );
    },
  );

  it('and the right keys are taken, in any case of the scheme and with the blanks that HTTP allows', async () => {
    for (const key of [keys.bot, made.live]) {
      const spellings: readonly Headers[] = [
        { authorization: `bearer ${key}` },
        { authorization: `BEARER   ${key}` },
        { 'x-api-key': key },
      ];
      for (const headers of spellings) {
        expect((await shoot(service, { path: '/v1/providers', headers })).status).toBe(200);
      }
    }
  });
});
