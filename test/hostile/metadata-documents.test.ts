/** metadata_documents: whatever an MCP server and its authorization server may publish, and answer to a registration. */

import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptedAnswer } from '../support/scripted-server.js';
import { canary } from './attacked-service.js';
import {
  type AttackedByMcp,
  asDocument,
  askFor,
  nextRow,
  openAttackedByMcp,
  type RowPlaces,
  type Verdict,
} from './hostile-mcp.js';
import { expectRows } from './surface.js';

let world: AttackedByMcp;
beforeAll(async () => {
  world = await openAttackedByMcp();
});
afterAll(() => world.close());

const found: Verdict = { status: 409, code: 'not_connected' };
const later: Verdict = { status: 503, code: 'provider_unavailable' };
const failed = (step: string): Verdict => ({ status: 502, code: 'provider_error', step });

/** What a field is, where SERVER, ISSUER, EVIL and CANARY stand for addresses; `undefined` takes the field out. */
type Change = Readonly<Record<string, unknown>>;
/** A change of the good document, or another answer altogether; and what comes of it, if not the usual refusal. */
type Row = readonly [title: string, change: Change | (() => ScriptedAnswer), verdict?: Verdict];

const answer =
  (status: number, more: ScriptedAnswer = {}) =>
  () => ({ status, ...more });
const text =
  (document: string | Buffer, more: ScriptedAnswer = {}) =>
  () =>
    asDocument(document, more);
const towards = (status: number) => () => ({
  status,
  headers: { location: `https://localhost:${world.canary.port}/${canary}` },
});
const bomb = gzipSync(`{"x":"${'a'.repeat(1_000_000)}"}`);

/** What can be wrong with any document. `absent`: there is none at that place. */
const documents = (absent: Verdict, broken: Verdict): readonly Row[] => [
  ['nothing', answer(404), absent],
  ['a refusal', answer(403), absent],
  ['no content', answer(204), absent],
  ['a page', () => ({ text: `<h1>${canary}</h1>`, headers: { 'content-type': 'text/html' } }), absent],
  ['JSON that says it is text', () => ({ text: '{}', headers: { 'content-type': 'text/plain' } }), absent],
  ['a redirect to the inside', towards(302), absent],
  ['a redirect that keeps its method', towards(307), absent],
  ['an outage', answer(503), later],
  ['too many requests', answer(429), later],
  ['a cut connection', () => ({ cut: 'at_once' }), later],
  ['a connection cut in the middle', () => ({ ...asDocument('{"issuer":'), cut: 'mid_body' }), later],
  ['an empty text', text(''), broken],
  ['no JSON', text(`{"resource":"${canary}"`), broken],
  ['null', text('null'), broken],
  ['a list', text(`["${canary}"]`), broken],
  ['a number', text('7'), broken],
  ['an empty object', text('{}'), broken],
  ['everything under __proto__', text(`{"__proto__":{"issuer":"${canary}","resource":"${canary}"}}`), broken],
  ['20 000 levels', text('['.repeat(20_000) + ']'.repeat(20_000)), broken],
  ['more than 64 KiB', text(`{"x":"${'a'.repeat(65_536)}"}`), broken],
  ['a bomb', text(bomb, { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }), broken],
];

const noMetadata = failed('authorization_server_metadata');
const noResource = failed('resource_metadata');

const ofResources: readonly Row[] = [
  ...documents(noResource, noResource),
  ['no resource', { resource: undefined }],
  ['a resource that is a number', { resource: 7 }],
  ['an empty resource', { resource: '' }],
  ['a resource that is no URL', { resource: canary }],
  ['a resource elsewhere', { resource: 'https://other.example/mcp' }],
  ['a resource on another port', { resource: 'http://127.0.0.1:1/' }],
  ['a resource over another scheme', { resource: 'https://127.0.0.1/' }],
  ['a resource that only begins like it', { resource: 'SERVER0' }],
  ['a resource below it', { resource: 'SERVER/deeper' }],
  ['a resource with a fragment', { resource: 'SERVER#x' }],
  ['a resource with a query of its own', { resource: 'SERVER?tenant=1' }],
  ['no authorization servers', { authorization_servers: undefined }],
  ['an empty list of them', { authorization_servers: [] }],
  ['one that is no list', { authorization_servers: 'ISSUER' }],
  ['one that is a number', { authorization_servers: [7] }],
  ['one that is null', { authorization_servers: [null] }],
  ['one that is a path', { authorization_servers: ['/issuer'] }],
  ['one that is a script', { authorization_servers: ['javascript:alert(1)'] }],
  ['one that is a file', { authorization_servers: ['file:///etc/passwd'] }],
  ['one over http, outside', { authorization_servers: ['http://mcp.example'] }, noMetadata],
  ['one with a password', { authorization_servers: [`http://u:${canary}@127.0.0.1/`] }, noMetadata],
  ['one with a query', { authorization_servers: ['ISSUER?tenant=1'] }, noMetadata],
  ['one with a fragment', { authorization_servers: ['ISSUER#tenant'] }, noMetadata],
  ['one at 10.0.0.1', { authorization_servers: ['https://10.0.0.1:CANARY'] }, later],
  ['one at 0.0.0.0', { authorization_servers: ['https://0.0.0.0:CANARY'] }, later],
  ['one at the metadata service', { authorization_servers: ['https://169.254.169.254'] }, later],
  ['one behind NAT64', { authorization_servers: ['https://[64:ff9b::7f00:1]:CANARY'] }, later],
  ['one at an IPv4-compatible address', { authorization_servers: ['https://[::7f00:1]:CANARY'] }, later],
  ['a thousand of them', { authorization_servers: Array.from({ length: 1_000 }, () => 'ISSUER') }, found],
  ['scopes that are no list', { scopes_supported: canary }, found],
  ['scopes that are no scopes', { scopes_supported: ['a b', '"', '\u0000', ''] }, found],
  ['methods that are odd', { bearer_methods_supported: 7 }, found],
];

const ofServers: readonly Row[] = [
  ...documents(noMetadata, noMetadata),
  ['no issuer', { issuer: undefined }],
  ['an issuer that is a number', { issuer: 7 }],
  ['another issuer', { issuer: 'https://other.example' }],
  ['another issuer of that host', { issuer: 'ISSUER0' }],
  ['the host alone as issuer', { issuer: 'HOST' }],
  ['an issuer with a slash more', { issuer: 'ISSUER/' }],
  ['an issuer with a query', { issuer: 'ISSUER?x' }],
  ['an issuer in a list', { issuer: ['ISSUER'] }],
  ['no token endpoint', { token_endpoint: undefined }],
  ['an empty token endpoint', { token_endpoint: '' }],
  ['a token endpoint that is a path', { token_endpoint: '/token' }],
  ['a token endpoint over http, outside', { token_endpoint: 'http://login.example/token' }],
  ['a token endpoint at a stranger', { token_endpoint: 'https://evil.example/token' }],
  ['a token endpoint under another name for here', { token_endpoint: 'https://localhost:CANARY/token' }],
  ['a token endpoint at a private address', { token_endpoint: 'https://10.0.0.1/token' }],
  ['a token endpoint with a password', { token_endpoint: `http://u:${canary}@127.0.0.1/token` }],
  ['a token endpoint with a fragment', { token_endpoint: 'ISSUER/token#x' }],
  ['a token endpoint with a line break', { token_endpoint: 'ISSUER/to\r\nken' }],
  ['a registration endpoint at a stranger', { registration_endpoint: 'https://evil.example/register' }],
  ['a registration endpoint under another name', { registration_endpoint: 'https://localhost:CANARY/register' }],
  ['a registration endpoint that is a number', { registration_endpoint: 7 }],
  ['no authorization endpoint', { authorization_endpoint: undefined }],
  ['an authorization endpoint that is a script', { authorization_endpoint: 'javascript:alert(1)//' }],
  ['an authorization endpoint that is data', { authorization_endpoint: 'data:text/html,<script>' }],
  ['an authorization endpoint that is a file', { authorization_endpoint: 'file:///etc/passwd' }],
  ['an authorization endpoint of VBScript', { authorization_endpoint: 'vbscript:x' }],
  ['an authorization endpoint of an app', { authorization_endpoint: 'myapp://authorize' }],
  ['an authorization endpoint at a stranger', { authorization_endpoint: 'https://evil.example/authorize' }],
  ['an authorization endpoint with a header in it', { authorization_endpoint: 'ISSUER/a\r\nset-cookie: x=y' }],
  ['an authorization endpoint with a blank', { authorization_endpoint: 'ISSUER/a b' }],
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'state', 'scope', 'resource', 'request'].map(
    (name): Row => [`an authorization endpoint with ${name}`, { authorization_endpoint: `ISSUER/authorize?${name}=x` }],
  ),
  ['an authorization endpoint with request_uri', { authorization_endpoint: 'ISSUER/authorize?request_uri=x' }],
  ['no response type that we use', { response_types_supported: ['token', 'id_token'] }],
  ['response types that are no list', { response_types_supported: 'code' }],
  ['no PKCE', { code_challenge_methods_supported: undefined }, failed('pkce')],
  ['PKCE of no method', { code_challenge_methods_supported: [] }, failed('pkce')],
  ['plain PKCE', { code_challenge_methods_supported: ['plain'] }, failed('pkce')],
  ['PKCE in other letters', { code_challenge_methods_supported: ['s256'] }, failed('pkce')],
  ['PKCE as text', { code_challenge_methods_supported: 'S256' }],
  ['PKCE of 201 methods', { code_challenge_methods_supported: Array(201).fill('S256') }],
  ['a revocation endpoint at a stranger', { revocation_endpoint: 'https://evil.example/revoke' }, found],
  ['a word of its own on iss', { authorization_response_iss_parameter_supported: 'yes' }, found],
  ['a word of its own on metadata documents', { client_id_metadata_document_supported: 'true' }, found],
  ['scopes that are no list', { scopes_supported: { canary } }, found],
  ['metadata that says it is signed', { signed_metadata: canary, jwks_uri: 'https://localhost:CANARY/jwks' }, found],
];

const noClient = failed('registration');
const registered =
  (change: Change): (() => ScriptedAnswer) =>
  () => ({
    status: 201,
    json: { client_id: 'c', ...change },
  });
const refusedWith = (status: number, error: unknown) => () => ({
  status,
  json: { error, error_description: canary },
});

const ofRegistrations: readonly Row[] = [
  ['nothing', answer(204)],
  ['a page', () => ({ text: `<h1>${canary}</h1>`, headers: { 'content-type': 'text/html' } })],
  ['a list', text(`["${canary}"]`)],
  ['null', text('null')],
  ['a redirect to the inside', towards(302)],
  ['a redirect that keeps the body', towards(307)],
  ['an outage', answer(500), later],
  ['too many requests', answer(429), later],
  ['a cut connection', () => ({ cut: 'at_once' }), later],
  ['too much', text(`{"client_id":"${'a'.repeat(70_000)}"}`), later],
  ['no client id', registered({ client_id: undefined })],
  ['a client id that is a number', registered({ client_id: 7 })],
  ['an empty client id', registered({ client_id: '' })],
  ['a client id of 3 000 characters', registered({ client_id: 'a'.repeat(3_000) })],
  ['a secret that is a number', registered({ client_secret: 7 })],
  ['an empty secret', registered({ client_secret: '' }), found],
  ['an end that is text', registered({ client_secret: 's', client_secret_expires_at: 'soon' }), found],
  ['an end before all time', registered({ client_secret: 's', client_secret_expires_at: -1 }), found],
  ['a method that nobody knows', registered({ token_endpoint_auth_method: canary }), found],
  ['another redirect URI', registered({ redirect_uris: ['https://evil.example/cb'] }), found],
  ['invalid_redirect_uri', refusedWith(400, 'invalid_redirect_uri')],
  ['an error that is a script', refusedWith(400, '<script>alert(1)</script>')],
  ['an error of a kilobyte', refusedWith(400, canary.repeat(80))],
  ['an error that is a list', refusedWith(400, [canary])],
  ['a demand to log in', refusedWith(401, 'invalid_token')],
  ['a refusal', refusedWith(403, 'access_denied')],
];

/** Sets the answer of a row at its path. */
function spoil(
  row: RowPlaces,
  { at, good, change }: { at: 'resource' | 'metadata' | 'register'; good: object; change: Row[1] },
) {
  const { server, issuer } = world;
  const fill = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value)
        .replaceAll('SERVER', row.serverUrl)
        .replaceAll('ISSUER', row.issuerUrl)
        .replaceAll('HOST', issuer.url)
        .replaceAll('CANARY', String(world.canary.port)),
    );
  const spoilt = typeof change === 'function' ? change() : { json: fill({ ...good, ...change }) };
  if (at === 'resource') server.answer(row.resourcePath, spoilt);
  else issuer.answer(at === 'metadata' ? row.metadataPath : row.registerPath, spoilt);
}

const named = (table: readonly Row[], usual: Verdict) =>
  table.map(([title, change, verdict = usual]) => ({ title, change, verdict }));

/** The same fault of two documents is two rows. */
const at = (place: string, table: readonly Row[]) => table.map((row) => [place, ...row]);

expectRows('metadata_documents', at('resource', ofResources), at('server', ofServers), at('client', ofRegistrations));

describe('resource metadata with (M6)', () => {
  it.each(named(ofResources, noResource))('$title leads nobody anywhere', async ({ change, verdict }) => {
    const row = nextRow(world);
    spoil(row, { at: 'resource', good: row.resource, change });
    const asked = world.issuer.requests.length;
    await askFor(world, row, verdict);
    if (verdict !== found) expect(world.issuer.requests).toHaveLength(asked);
  });
});

describe('authorization server metadata with (M2, M3, M5)', () => {
  it.each(named(ofServers, noMetadata))(
    '$title is refused, or what is odd in it not used',
    async ({ change, verdict }) => {
      const row = nextRow(world);
      spoil(row, { at: 'metadata', good: row.metadata, change });
      await askFor(world, row, verdict);
      expect(world.issuer.requestsTo(row.registerPath)).toHaveLength(verdict === found ? 1 : 0);
    },
  );
});

describe('a registration answered with (M7)', () => {
  it.each(named(ofRegistrations, noClient))(
    '$title makes no client of us, or one that is good',
    async ({ change, verdict }) => {
      const row = nextRow(world);
      spoil(row, { at: 'register', good: {}, change });
      await askFor(world, row, verdict);
      expect(world.issuer.requestsTo(row.registerPath)).toHaveLength(1);
    },
  );
});
