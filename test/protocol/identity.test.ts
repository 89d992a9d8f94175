import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IdentityMapping, Provider } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import type { TokenSet } from '../../src/core/token-set.js';
import { createHttp } from '../../src/protocol/http.js';
import { fetchIdentity, readIdentity } from '../../src/protocol/identity.js';
import { registeredProvider } from '../support/registered-provider.js';
import { type Answerer, entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

const http = createHttp({ allowInsecureLoopback: true });
const tokenSet: TokenSet = { accessToken: new Secret('at-1'), tokenType: 'Bearer', obtainedAt: 0, scope: [] };
let server: ScriptedServer;
let base: Provider;

beforeAll(async () => {
  server = await startScriptedServer();
  base = registeredProvider('scripted', entryAt(server.url));
});
afterAll(async () => {
  await http.close();
  await server.close();
});

const mapped = (mapping: Partial<IdentityMapping>): Provider => ({
  ...base,
  identity: { from: 'userinfo', endpoint: `${server.url}/userinfo`, id: 'id', ...mapping },
});

async function ask(mapping: Partial<IdentityMapping>, ...answers: Answerer[]) {
  server.answer('/userinfo', ...answers);
  return fetchIdentity(mapped(mapping), tokenSet, http);
}

test('asks with the access token as a bearer (RFC 6750 2.1)', async () => {
  await ask({ headers: { 'x-version': '1' } }, { json: { id: 'u1' } });
  expect(server.requestsTo('/userinfo').at(-1)).toMatchObject({
    method: 'GET',
    body: '',
    headers: { authorization: 'Bearer at-1', accept: 'application/json', 'x-version': '1' },
  });
});

test('posts a GraphQL query where the provider has nothing else', async () => {
  const body = '{"query":"query { viewer { id } }"}';
  const identity = await ask(
    { method: 'POST', body, id: 'data.viewer.id' },
    { json: { data: { viewer: { id: 'u1' } } } },
  );
  expect(identity).toEqual({ id: 'u1' });
  expect(server.requestsTo('/userinfo').at(-1)).toMatchObject({
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
});

describe('paths', () => {
  const list = [{ value: 'T1' }, ...Array.from({ length: 9 }, () => 'filler'), 'T11'];
  const more = { big: 2 ** 60, none: null, list, 'https://acme.example/id': 'T2', pay$: { id: 'T3' } };
  const body = { id: 42, team: { id: 'T1', long: '' }, first: 'Ada', last: 'Lovelace', ...more };
  const read = (id: string, name?: string) =>
    ask({ id, ...(name !== undefined && { name }) }, { json: body }).catch(() => undefined);

  test('turn numbers into text', async () => expect(await read('id')).toEqual({ id: '42' }));
  test('take the first that is present', async () =>
    expect(await read('team.long|none|team.id')).toEqual({ id: 'T1' }));
  test('join ids by a colon and names by a space', async () => {
    expect(await read('team.id+id', 'first+last')).toEqual({ id: 'T1:42', name: 'Ada Lovelace' });
  });
  test('join only when every part is there', async () => {
    expect(await read('team.id+gone|id', 'gone+last|last')).toEqual({ id: '42', name: 'Lovelace' });
  });
  test('do not take a number that JSON has rounded', async () => expect(await read('big')).toBeUndefined());
  test.each(['$.team.id', '$["team"]["id"]', "$['team'].id", 'team["id"]', '$.list[0].value', 'list.0.value'])(
    'may be written as RFC 9535 does, or dotted: %s',
    async (path) => expect(await read(path)).toEqual({ id: 'T1' }),
  );
  test('reach the eleventh of a list, and names that end with a dollar', async () =>
    expect([await read('list[10]'), await read('pay$.id')]).toEqual([{ id: 'T11' }, { id: 'T3' }]));
  const nowhere = [
    'list',
    'list[1].value',
    'list.length',
    'list[0]',
    'list.0x',
    'list.x0',
    '$',
    '$.gone.id',
    'team[0]',
  ];
  test.each(nowhere)('that lead nowhere, or to no text, give none: %s', async (path) =>
    expect(await read(path)).toBeUndefined(),
  );
  test('reach names with a dot in them', async () =>
    expect(await read('$["https://acme.example/id"]')).toEqual({ id: 'T2' }));
  test('do not find what every object inherits', async () => expect(await read('constructor.name')).toBeUndefined());
});

test('caps what people write about themselves', async () => {
  const json = { id: 'u1', name: 'n'.repeat(1000), email: 'e'.repeat(1000) };
  const identity = await ask({ name: 'name', email: 'email' }, { json });
  expect([identity?.name?.length, identity?.email?.length]).toEqual([200, 320]);
});

describe('a listed address', () => {
  const emails = { endpoint: 'user/emails', list: 'values', address: 'mail', primary: 'main', verified: 'ok' };
  const list = [
    { mail: 'old@example.com', main: false, ok: true },
    { mail: 'unproven@example.com', main: true, ok: false },
    { mail: 'ada@example.com', main: true, ok: true },
  ];

  test('is the one that is primary and verified, asked for beside the userinfo endpoint', async () => {
    server.answer('/user/emails', { json: { values: list } });
    expect(await ask({ email: 'email', emails }, { json: { id: 'u1', email: null } })).toEqual({
      id: 'u1',
      email: 'ada@example.com',
    });
    expect(server.requestsTo('/user/emails').at(-1)?.headers.authorization).toBe('Bearer at-1');
  });

  test('is not asked for when there is one, and not missed when it is refused', async () => {
    const before = server.requestsTo('/user/emails').length;
    expect(await ask({ email: 'email', emails }, { json: { id: 'u1', email: 'x@example.com' } })).toMatchObject({
      email: 'x@example.com',
    });
    expect(server.requestsTo('/user/emails')).toHaveLength(before);
    server.answer('/user/emails', { status: 403 });
    expect(await ask({ email: 'email', emails }, { json: { id: 'u1' } })).toEqual({ id: 'u1' });
  });
});

describe('failures', () => {
  const failures: [string, Answerer, object][] = [
    ['401', { status: 401 }, { code: 'provider_error', status: 401 }],
    ['429', { status: 429, headers: { 'retry-after': '3' } }, { code: 'provider_unavailable', retryAfterMs: 3000 }],
    ['502', { status: 502 }, { code: 'provider_unavailable' }],
    ['a redirect', { status: 307, headers: { location: 'https://example.com' } }, { code: 'provider_misconfigured' }],
    ['a cut connection', { cut: 'at_once' }, { code: 'provider_unavailable' }],
    ['HTML', { text: '<html>' }, { code: 'provider_error' }],
    ['GraphQL errors with status 200', { json: { errors: [{ message: 'no' }] } }, { code: 'provider_error' }],
    ['an id of a strange kind', { json: { id: { a: 1 } } }, { code: 'provider_error' }],
    ['an id too long to keep', { json: { id: 'x'.repeat(513) } }, { code: 'provider_error' }],
  ];
  test.each(failures)('%s', async (_title, answer, expected) => {
    await expect(ask({}, answer)).rejects.toMatchObject(expected);
  });
});

test('is nothing where the provider tells nothing', async () => {
  expect(await fetchIdentity(mapped({ from: 'none' }), tokenSet, http)).toBeUndefined();
});

test('is read from the token response or the claims of the ID token, without asking', async () => {
  const answer = mapped({ from: 'token_response', id: 'owner.id' });
  expect(readIdentity(answer, { owner: { id: 'u1' } })).toEqual({ id: 'u1' });
  expect(await fetchIdentity(answer, tokenSet, http)).toBeUndefined();
  const claims = Buffer.from(JSON.stringify({ tid: 't', oid: 'o', name: 'Ada Ä' })).toString('base64url');
  const idToken = mapped({ from: 'id_token', id: 'tid+oid', name: 'name' });
  expect(readIdentity(idToken, { id_token: `e30.${claims}.sig` })).toEqual({ id: 't:o', name: 'Ada Ä' });
  expect(readIdentity(idToken, { id_token: 'not a jwt' })).toBeUndefined();
  expect(readIdentity(idToken, {})).toBeUndefined();
});
