/** token_response: whatever a token endpoint may answer, to a code and to a refresh, seen from the person and the bot. */

import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptedAnswer } from '../support/scripted-server.js';
import { type AttackedService, bearer, canary, expectToStand, keys, openAttacked, shoot } from './attacked-service.js';
import { callbackPath, isActive, newUser, returnFrom } from './hostile-flow.js';
import { expectRows } from './surface.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

const good = { access_token: `at-${canary}`, token_type: 'Bearer', expires_in: 3600, refresh_token: `rt-${canary}` };
const json = (text: string, status = 200): ScriptedAnswer => ({
  status,
  text,
  headers: { 'content-type': 'application/json' },
});
const refusal = (status: number, error: unknown): ScriptedAnswer => ({
  status,
  json: { error, error_description: canary },
});
const html = (status: number): ScriptedAnswer => ({
  status,
  text: `<h1>${canary}</h1>`,
  headers: { 'content-type': 'text/html' },
});
const redirect = (status: number): ScriptedAnswer => ({
  status,
  headers: { location: `http://127.0.0.1:1/${canary}` },
});

type Row = readonly [title: string, answer: ScriptedAnswer];

/** No token can be read from these: the connect fails, and a connection that is there stays. */
const useless: Record<string, readonly Row[]> = {
  'no token in it': [
    ['an empty object', json('{}')],
    ['an empty body', json('')],
    ['null', json('null')],
    ['a list', json('[]')],
    ['a list with a token', json(JSON.stringify([good]))],
    ['text', json(`"${canary}"`)],
    ['a number', json('7')],
    ['an access_token of null', { json: { ...good, access_token: null } }],
    ['an empty access_token', { json: { ...good, access_token: '' } }],
    ['an access_token of a number', { json: { ...good, access_token: 7 } }],
    ['an access_token of an object', { json: { ...good, access_token: { value: canary } } }],
    ['an access_token of a list', { json: { ...good, access_token: [canary] } }],
    ['an access_token with a line break', { json: { ...good, access_token: `at-${canary}\r\nset-cookie: a=b` } }],
    ['an access_token beyond ASCII', { json: { ...good, access_token: `at-${canary}\u00e9` } }],
    ['an access_token under __proto__', json(`{"__proto__":${JSON.stringify(good)}}`)],
    ['a refresh token alone', { json: { refresh_token: canary } }],
    ['an ID token alone', { json: { id_token: canary } }],
  ],
  'broken on the wire': [
    ['JSON without its end', json(JSON.stringify(good).slice(0, -1))],
    ['JSON and more', json(`${JSON.stringify(good)}x`)],
    ['HTML with status 200', html(200)],
    ['a connection cut at once', { cut: 'at_once' }],
    ['a connection cut in the body', { ...json(JSON.stringify(good)), cut: 'mid_body' }],
    ['a megabyte', json(`{"access_token":"${'a'.repeat(1_048_576)}"}`)],
    [
      'a bomb in gzip',
      {
        text: gzipSync(`{"x":"${'a'.repeat(8_000_000)}"}`),
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      },
    ],
    [
      'gzip that is none',
      { ...json(JSON.stringify(good)), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
    ],
    ['status 204', { status: 204 }],
    ['20 000 levels', json('['.repeat(20_000) + ']'.repeat(20_000))],
  ],
  'a redirect (C4)': [301, 302, 303, 307, 308].map((status): Row => [String(status), redirect(status)]),
  'an error': [
    ['invalid_client', refusal(401, 'invalid_client')],
    ['invalid_client with 400', refusal(400, 'invalid_client')],
    ['unauthorized_client', refusal(400, 'unauthorized_client')],
    ['invalid_request', refusal(400, 'invalid_request')],
    ['invalid_scope', refusal(400, 'invalid_scope')],
    ['unsupported_grant_type', refusal(400, 'unsupported_grant_type')],
    ['temporarily_unavailable', refusal(503, 'temporarily_unavailable')],
    ['slow_down', refusal(400, 'slow_down')],
    ['a word nobody knows', refusal(400, 'hiccup')],
    ['a word that only looks like invalid_grant', refusal(400, 'invalid_grant_hint')],
    ['invalid_grant inside a sentence', refusal(400, 'this is no invalid_grant')],
    [
      'invalid_grant in the description only',
      { status: 400, json: { error: 'x', error_description: 'invalid_grant' } },
    ],
    ['an error of an object', refusal(400, { code: canary })],
    ['an error of a list', refusal(400, ['invalid_grant'])],
    ['an error of a number', refusal(400, 7)],
    ['an error of null', refusal(400, null)],
    ['an error of 9000 characters', refusal(400, canary.repeat(600))],
    ['an error with a script', refusal(400, '<script>x</script>')],
    ['an error with a line break', refusal(400, `x\r\n${canary}`)],
    ['an error of __proto__', refusal(400, '__proto__')],
  ],
  'a status': [400, 401, 403, 404, 405, 408, 409, 413, 418, 429, 500, 501, 502, 503, 504, 599].map(
    (status): Row => [`${status} in HTML`, html(status)],
  ),
};

/** A token can be read, whatever else is odd; the rows by field stand in test/protocol/token-endpoint.test.ts. */
const usable: readonly Row[] = [
  ['a type nobody knows', { json: { ...good, token_type: 'user' } }],
  ['a lifetime of text', { json: { ...good, expires_in: canary } }],
  ['a negative lifetime', { json: { ...good, expires_in: -1 } }],
  ['a lifetime of 1e300', { json: { ...good, expires_in: 1e300 } }],
  ['an ID token that is none', { json: { ...good, id_token: canary } }],
  ['a scope with markup', { json: { ...good, scope: `<b>${canary}</b>` } }],
  ['a refresh token of an object', { json: { ...good, refresh_token: { a: 1 } } }],
  ['unknown fields', { json: { ...good, constructor: canary, toString: canary } }],
];

const rows = Object.entries(useless).flatMap(([family, list]) =>
  list.map(([title, answer]) => ({ title: `${family}: ${title}`, answer })),
);

describe('a token endpoint', () => {
  expectRows('token_response', rows);

  it.each(rows)('ends the connect and nothing else when it answers the code with $title', async ({ answer }) => {
    const right = await returnFrom(service);
    service.server.answer('/token', answer);
    const seen = await shoot(service, { path: callbackPath(right, service.server), headers: { cookie: right.cookie } });
    service.server.answer('/token', service.tokens.redeem);
    expect([502, 503]).toContain(seen.status);
    expect(seen.headers['content-type']).toMatch(/^text\/html/);
    await expectToStand(service, seen, [canary, right.code]);
    const progress = await shoot(service, { path: `/v1/connects/${right.connectId}`, headers: bearer(keys.bot) });
    expect(JSON.parse(progress.text).status).toBe('failed');
    await expectToStand(service, progress);
    expect(await isActive(service, right.user)).toBe(false);
  });

  it.each(rows)('disconnects nobody when it answers a refresh with $title', async ({ answer }) => {
    // Longer than the provider is left alone after a fault: each row is really asked for.
    service.clock.advance(2 * 3_600_000);
    const asked = service.server.requestsTo('/token').length;
    const user = newUser();
    const expiresAt = service.clock.now() / 1000 + 600;
    await service.manager.storeToken(user, {
      provider: 'scripted',
      accessToken: 'at-live',
      refreshToken: `rt-of-${user}`,
      expiresAt,
    });
    service.server.answer('/token', answer);
    const path = `/v1/users/${encodeURIComponent(user)}/tokens/scripted`;
    service.clock.advance(600_000);
    const seen = await shoot(service, { path, headers: bearer(keys.bot) });
    service.server.answer('/token', service.tokens.redeem);
    // Put off; never "connect again" (R14).
    expect([502, 503]).toContain(seen.status);
    expect(service.server.requestsTo('/token').length).toBeGreaterThan(asked);
    await expectToStand(service, seen, [canary, `rt-of-${user}`]);
    expect(await isActive(service, user)).toBe(true);
  });

  it.each(usable)('is believed for the token alone when it answers with %s', async (_title, answer) => {
    const right = await returnFrom(service);
    service.server.answer('/token', answer);
    const seen = await shoot(service, { path: callbackPath(right, service.server), headers: { cookie: right.cookie } });
    service.server.answer('/token', service.tokens.redeem);
    expect(seen.status).toBe(303);
    const done = await shoot(service, { path: '/oauth/scripted/done', headers: { cookie: right.cookie } });
    await expectToStand(service, done, [`at-${canary}`, `rt-${canary}`, `<b>${canary}`]);
    expect(await isActive(service, right.user)).toBe(false);
  });
});
