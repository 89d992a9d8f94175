/** A strict authorization server: requires PKCE, sends `iss`, rotates refresh tokens and ends the grant on reuse. */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { ProviderEntry } from '../../providers/index.js';
import type { EmulatedProvider } from './emulated-providers.js';
import { type AdapterFactory, openKeptState } from './kept-state.js';
import { quietly } from './quietly.js';

/** The few parts of `oidc-provider` that are used here; the package has no types of its own. */
interface AuthorizationServer {
  callback(): RequestListener;
}
type AuthorizationServerClass = new (issuer: string, configuration: object) => AuthorizationServer;

const client = { client_id: 'sandbox-strict', client_secret: 'sandbox-strict-secret' };

// For the sandbox's cookies and ID tokens, which protect only made-up people.
const cookieKey = 'sandbox';

/** Starts it on a free port of 127.0.0.1. Its grants are kept in `stateFile` (mode 0600) over a restart. */
export async function startStrictProvider(
  module: unknown,
  options: { redirectUri: string; stateFile: string },
): Promise<EmulatedProvider> {
  const server = createServer();
  const address = await listen(server);
  const state = openKeptState(options.stateFile);
  const provider = await quietly(
    async () => new (constructorOf(module))(address, configure(state, options.redirectUri)),
  );
  server.on('request', provider.callback());
  return { id: 'sandbox', entry: entryAt(address), close: () => close(server) };
}

function configure(adapter: AdapterFactory, redirectUri: string): object {
  return {
    adapter,
    clients: [
      {
        ...client,
        client_name: 'Valetkey sandbox',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    cookies: { keys: [cookieKey] },
    features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false,
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id, email: `${id}@example.com` }),
    }),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: {
      AccessToken: 600,
      IdToken: 600,
      RefreshToken: 30 * 86_400,
      Grant: 30 * 86_400,
      Session: 86_400,
      Interaction: 3600,
    },
  };
}

function entryAt(address: string): ProviderEntry {
  return {
    ...client,
    display_name: 'Sandbox (strict)',
    issuer: address,
    authorization_endpoint: `${address}/auth`,
    token_endpoint: `${address}/token`,
    userinfo_endpoint: `${address}/me`,
    revocation_endpoint: `${address}/token/revocation`,
    token_endpoint_auth_method: 'client_secret_basic',
    scopes: ['openid', 'profile', 'email'],
    refresh_reuse: 'strict',
    identity: { id: 'sub', name: 'name', email: 'email' },
  };
}

function constructorOf(module: unknown): AuthorizationServerClass {
  if (typeof module === 'object' && module !== null && 'Provider' in module && isConstructor(module.Provider)) {
    return module.Provider;
  }
  throw new TypeError('oidc-provider does not export Provider');
}

function isConstructor(value: unknown): value is AuthorizationServerClass {
  return typeof value === 'function';
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the sandbox did not get a port');
  return `http://127.0.0.1:${address.port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
