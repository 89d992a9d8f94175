/** What we say about ourselves, and what a registration makes of us (RFC 7591). */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  chooseAuthentication,
  clientMetadataDocument,
  registerClient,
} from '../../src/protocol/client-registration.js';
import { createGuardedHttp, type GuardedHttp } from '../../src/protocol/guarded-http.js';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

let server: ScriptedServer;
let http: GuardedHttp;

beforeEach(async () => {
  server = await startScriptedServer();
  http = createGuardedHttp({ allowInsecureLoopback: true });
});
afterEach(() => Promise.all([server.close(), http.close()]));

const request = (methods?: readonly string[]) => ({
  endpoint: `${server.url}/register`,
  name: 'Valetkey',
  redirectUri: 'https://valetkey.example/oauth/mcp-0/callback',
  ...(methods && { authenticationMethods: methods }),
});

describe('a registration', () => {
  it('is asked for as a web client with an https redirect URI (M-14)', async () => {
    server.answer('/register', { status: 201, json: { client_id: 'c' } });
    await registerClient(http, request());
    expect(server.requests[0]?.method).toBe('POST');
    expect(server.requests[0]?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({ application_type: 'web' });
  });

  it('without a secret makes a public client, whatever it says', async () => {
    server.answer('/register', {
      status: 201,
      json: { client_id: 'c', token_endpoint_auth_method: 'client_secret_basic' },
    });
    expect(await registerClient(http, request())).toEqual({ clientId: 'c', authentication: 'none' });
  });

  it.each([
    [1_800_000_000, 1_800_000_000_000],
    [0, undefined],
    ['soon', undefined],
  ])('whose secret expires at %s seconds ends at %s ms', async (client_secret_expires_at, endsAt) => {
    server.answer('/register', { status: 201, json: { client_id: 'c', client_secret: 's', client_secret_expires_at } });
    expect((await registerClient(http, request())).secretExpiresAt).toBe(endsAt);
  });

  it.each([null, ''])('with %j for what it has not is of a public client', async (none) => {
    const rest = { client_secret: none, client_secret_expires_at: none, token_endpoint_auth_method: none };
    server.answer('/register', { status: 201, json: { client_id: 'c', ...rest } });
    expect(await registerClient(http, request())).toEqual({ clientId: 'c', authentication: 'none' });
  });

  it('shows its secret to nobody', async () => {
    server.answer('/register', { status: 201, json: { client_id: 'c', client_secret: 'canary' } });
    expect(JSON.stringify(await registerClient(http, request()))).not.toContain('canary');
  });

  it.each([
    [{ error: 'invalid_client_metadata' }, 'invalid_client_metadata'],
    [{ error: '<script>"' }, 'status 400'],
    [{ error: 'x'.repeat(65) }, 'status 400'],
    [{}, 'status 400'],
  ])('that is refused with %j says %s and nothing else (M-15)', async (json, told) => {
    server.answer('/register', { status: 400, json });
    await expect(registerClient(http, request())).rejects.toMatchObject({ oauthError: told });
  });
});

describe('client authentication', () => {
  it.each([
    [undefined, true, 'client_secret_basic'],
    [undefined, false, 'none'],
    [['client_secret_post'], true, 'client_secret_post'],
    [['client_secret_post', 'client_secret_basic'], true, 'client_secret_basic'],
    [['private_key_jwt'], true, 'client_secret_basic'],
    [['client_secret_basic'], false, 'none'],
    [['none', 'client_secret_post'], true, 'client_secret_post'],
  ])('where %j is supported and there is a secret (%s) is %s (M-18, RFC 8414 2)', (supported, hasSecret, method) => {
    expect(chooseAuthentication(supported, hasSecret)).toBe(method);
  });
});

it('a client id metadata document names its own URL as client id (M-12)', () => {
  const url = 'https://valetkey.example/oauth/mcp-0/client-metadata.json';
  const document = clientMetadataDocument(url, { name: 'Valetkey', redirectUri: 'https://valetkey.example/cb' });
  expect(document).toMatchObject({
    client_id: url,
    client_name: 'Valetkey',
    redirect_uris: ['https://valetkey.example/cb'],
  });
});
