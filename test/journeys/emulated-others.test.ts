import { createEmulator } from 'emulate';
import { expect, it, onTestFinished } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import type { AccessToken } from '../../src/core/views.js';
import { startEmulate } from '../support/authorization-servers.js';
import { approve } from '../support/browser-walk.js';
import { openSourced } from '../support/sourced-manager.js';

const user = 'slack:T1:U2';
const callback = (id: string) => `http://127.0.0.1:9/oauth/${id}/callback`;

/** From a link to a token, with a browser of its own; what the provider gives is used as it is. */
async function connect(id: string, entry: ProviderEntry): Promise<{ token: AccessToken; revoked: string }> {
  const { openAnother } = await openSourced(
    {},
    { unsafeConnectWithoutProof: true, connectProof: 'none', now: Date.now },
  );
  const manager = await openAnother({ providers: { [id]: entry } });
  const code = await manager.createLinkCode(user, id);
  const { authorizationUrl, browserSecret } = await manager.startAuthorization(id, code);
  const back = await approve(authorizationUrl, callback(id), { person: 'ada' });
  await manager.finishAuthorization(id, back.searchParams, browserSecret.reveal());
  const token = await manager.requireToken(user, id);
  return { token, revoked: (await manager.deleteToken(user, id)).revoked };
}

async function emulated(service: 'slack' | 'linear'): Promise<ProviderEntry> {
  const server = await startEmulate(service, callback(service));
  onTestFinished(() => server.close());
  const revocation = service === 'slack' ? { revocation_endpoint: `${server.url}/api/auth.revoke` } : {};
  return { ...server.entry, ...revocation };
}

it('slack, by its template: a token with scopes listed by comma, and the person’s id', async () => {
  const { token } = await connect('slack', await emulated('slack'));
  expect(token).toMatchObject({ tokenType: 'Bearer', provider: 'slack', identity: { id: expect.any(String) } });
  expect(token.scope.length).toBeGreaterThan(0);
});

it('linear, by its template: a token, the identity by GraphQL, and a revocation', async () => {
  const { token, revoked } = await connect('linear', await emulated('linear'));
  expect(token).toMatchObject({ provider: 'linear', identity: { id: expect.any(String) } });
  expect(revoked).toBe('yes');
});

it('okta, by its issuer alone: discovery, PKCE, identity and revocation', async () => {
  const client = { client_id: 'emulated-okta', client_secret: 'emulated-okta-secret' };
  const apps = [{ ...client, name: 'Test app', redirect_uris: [callback('okta')] }];
  const people = [{ login: 'ada@example.com', email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace' }];
  const server = await createEmulator({
    service: 'okta',
    port: 0,
    seed: { okta: { users: people, oauth_clients: apps } },
  });
  onTestFinished(() => server.close());
  const { token, revoked } = await connect('okta', { issuer: server.url, ...client });
  expect(token).toMatchObject({ provider: 'okta', identity: { email: 'ada@example.com' } });
  expect(revoked).toBe('yes');
});
