/** Token exchange: what a caller tries to make of a subject token, and what leaves the service of it (A6). */

import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { entryAt, startScriptedServer } from '../support/scripted-server.js';
import { openService } from '../support/service.js';
import { unsignedJwt } from '../support/unsigned-jwt.js';

const issuer = 'https://id.example';
const target = 'https://api.example';
const good = { iss: issuer, sub: 'ada', may_act: { sub: 'scripted-client' } };

async function openExchange(more: Partial<ProviderEntry> = {}) {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  const entry: Partial<ProviderEntry> = {
    source: 'token_exchange',
    scopes: ['read', 'write'],
    resource: target,
    audience: 'urn:backend',
    subject_token_issuers: [issuer],
    ...more,
  };
  const service = await openService({ providers: async () => ({ swap: entryAt(server.url, entry) }) });
  const exchange = (body: object) => service.bot.call('POST', '/exchange/swap', body);
  const sent = () => server.requestsTo('/token').map(({ form }) => Object.fromEntries(form));
  const trail = async () => (await service.manager.audit.read(defaultTenant, undefined, 50)).map(({ entry }) => entry);
  return { ...service, server, exchange, sent, trail };
}

const withClaims = (claims: object) => ({ subject_token: unsignedJwt({ ...good, ...claims }) });
const [header, payload] = unsignedJwt(good).split('.');

/** Refused before anything leaves. */
const refused: readonly [title: string, body: object, status: number, code: string][] = [
  ['no subject token', {}, 400, 'invalid_request'],
  ['an empty one', { subject_token: '' }, 400, 'invalid_request'],
  ['one of 17,000 characters', { subject_token: 'x'.repeat(17_000) }, 400, 'invalid_request'],
  ['two of them', { subject_token: [unsignedJwt(good), unsignedJwt(good)] }, 400, 'invalid_request'],
  ['an opaque one, where issuers are named', { subject_token: 'opaque' }, 403, 'forbidden'],
  ['one without an issuer', withClaims({ iss: undefined }), 403, 'forbidden'],
  ['another issuer', withClaims({ iss: 'https://evil.example' }), 403, 'forbidden'],
  ['an issuer that begins the same', withClaims({ iss: `${issuer}.evil.example` }), 403, 'forbidden'],
  ['an issuer with a slash more', withClaims({ iss: `${issuer}/` }), 403, 'forbidden'],
  ['an issuer in capitals', withClaims({ iss: issuer.toUpperCase() }), 403, 'forbidden'],
  ['a list of issuers', withClaims({ iss: [issuer] }), 403, 'forbidden'],
  [
    'claims that are a list',
    { subject_token: `${header}.${Buffer.from('[1]').toString('base64url')}.` },
    403,
    'forbidden',
  ],
  ['claims that are no JSON', { subject_token: `${header}.${payload}x!.`.replace('.ey', '.!ey') }, 403, 'forbidden'],
  ['may_act that names another client', withClaims({ may_act: { sub: 'other-client' } }), 403, 'forbidden'],
  ['may_act that names nobody', withClaims({ may_act: {} }), 403, 'forbidden'],
  ['may_act that is a text', withClaims({ may_act: 'scripted-client' }), 403, 'forbidden'],
  ['may_act that is null', withClaims({ may_act: null }), 403, 'forbidden'],
  ['may_act that is a list', withClaims({ may_act: [{ sub: 'scripted-client' }] }), 403, 'forbidden'],
  [
    'may_act of our name at another client',
    withClaims({ may_act: { sub: 'scripted-client', client_id: 'other-client' } }),
    403,
    'forbidden',
  ],
  [
    'may_act of another subject at our client',
    withClaims({ may_act: { sub: 'other', client_id: 'scripted-client' } }),
    403,
    'forbidden',
  ],
  ['a wider scope', { ...withClaims({}), scopes: ['read', 'admin'] }, 400, 'invalid_request'],
  ['a scope in capitals', { ...withClaims({}), scopes: ['READ'] }, 400, 'invalid_request'],
  ['two scopes in one text', { ...withClaims({}), scopes: ['read admin'] }, 400, 'invalid_request'],
  ['another target', { ...withClaims({}), resource: 'https://other.example' }, 400, 'invalid_request'],
  ['a target below the configured one', { ...withClaims({}), resource: `${target}/admin` }, 400, 'invalid_request'],
  ['several targets', { ...withClaims({}), resource: [target, 'https://other.example'] }, 400, 'invalid_request'],
  ['an audience', { ...withClaims({}), audience: 'urn:other' }, 400, 'invalid_request'],
  ['an actor token', { ...withClaims({}), actor_token: unsignedJwt(good) }, 400, 'invalid_request'],
  ['another kind of token', { ...withClaims({}), requested_token_type: 'urn:x:refresh_token' }, 400, 'invalid_request'],
  ['another grant', { ...withClaims({}), grant_type: 'client_credentials' }, 400, 'invalid_request'],
  ['a client of its own', { ...withClaims({}), client_id: 'evil' }, 400, 'invalid_request'],
];

describe('an exchange cannot be widened by its caller (A6)', () => {
  it('sends nothing for any of the hostile requests, and hands nothing back', async () => {
    const { exchange, server, log, trail } = await openExchange();
    const answers = [];
    for (const [title, body] of refused) {
      const answer = await exchange(body);
      answers.push([title, answer.status, answer.body.code]);
      expect(JSON.stringify(answer.body)).not.toContain(payload);
    }
    expect(answers).toEqual(refused.map(([title, , status, code]) => [title, status, code]));
    expect(server.requests).toEqual([]);
    expect(log.join('')).not.toContain(payload);
    // Written when the answer is out.
    const outcomes = async () => (await trail()).map(({ act, outcome }) => `${act} ${outcome}`);
    await expect.poll(outcomes, { timeout: 10_000 }).toEqual(refused.map(() => 'token.issue refused'));
  });

  it('what leaves names one target and no more scope than was asked for, however it is asked', async () => {
    const { exchange, server, sent } = await openExchange();
    server.answer('/token', { json: { access_token: 'at', token_type: 'Bearer', expires_in: 60 } });
    for (const more of [{}, { scopes: ['read'] }, { resource: target, scopes: ['write', 'read'] }]) {
      expect((await exchange({ ...withClaims({}), ...more })).status).toBe(200);
    }
    expect(sent().map(({ scope, resource, audience }) => [scope, resource, audience])).toEqual([
      ['read write', target, 'urn:backend'],
      ['read', target, 'urn:backend'],
    ]);
    expect(server.requestsTo('/token').flatMap(({ form }) => form.getAll('resource'))).toEqual([target, target]);
  });

  it('a subject without may_act is the authorization server’s to weigh, and another name of ours can be told', async () => {
    const { exchange, server } = await openExchange({ subject_token_actor: 'spiffe://example/valetkey' });
    server.answer('/token', { json: { access_token: 'at', token_type: 'Bearer', expires_in: 60 } });
    expect((await exchange(withClaims({ may_act: undefined }))).status).toBe(200);
    expect((await exchange(withClaims({ may_act: { sub: 'spiffe://example/valetkey' } }))).status).toBe(200);
    expect((await exchange(withClaims({}))).status).toBe(403);
    expect(server.requestsTo('/token')).toHaveLength(2);
  });

  it.each([
    [
      'the chain of the issued token',
      { sub: 'ada', act: { sub: 'gateway', act: { sub: 'bot' } } },
      'act: gateway < bot',
    ],
    ['our client, where the issued token is silent', { sub: 'ada' }, 'act: scripted-client'],
    ['a chain cut after five', { act: chain(9) }, 'act: a9 < a8 < a7 < a6 < a5'],
    ['an actor with no usable name', { act: { sub: 'a\u0000b' } }, 'act: unnamed'],
  ])('the audit trail names %s', async (_title, claims, reason) => {
    const { exchange, server, trail } = await openExchange();
    const access_token = unsignedJwt(claims);
    server.answer('/token', { json: { access_token, token_type: 'Bearer', expires_in: 60 } });
    await exchange(withClaims({}));
    expect(await trail()).toMatchObject([{ act: 'token.issue', outcome: 'ok', object: 'ada', reason }]);
    expect(JSON.stringify(await trail())).not.toContain(access_token);
  });
});

/** Actors behind actors. */
function chain(length: number): object {
  return { sub: `a${length}`, ...(length > 1 && { act: chain(length - 1) }) };
}
