/** Independent authorization servers on loopback: oidc-provider for strict rules, emulate for the providers' own answers. */

import { createServer, type RequestListener, type Server } from 'node:http';
import { createEmulator } from 'emulate';
import type { ProviderEntry } from '../../providers/index.js';

/** A running authorization server, and the entry that makes a provider of it. */
export interface AuthorizationServer {
  /** Origin; for oidc-provider also its issuer. */
  readonly url: string;
  readonly entry: ProviderEntry;
  close(): Promise<void>;
}

/** How the strict server behaves. Lifetimes are seconds. */
export interface OidcProviderOptions {
  readonly redirectUri: string;
  readonly accessTokenSeconds?: number;
  readonly refreshTokenSeconds?: number;
  /** Resource server for RFC 8707; its tokens are opaque, too. */
  readonly resource?: string;
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post';
  readonly clientSecret?: string;
  /** Merged over the configuration of the server. */
  readonly configuration?: object;
  /** Adds grants to the server before it listens. */
  readonly teach?: (provider: TeachableProvider) => void;
}

/** Takes a grant of a test: which parameters it reads, and how it answers. */
export interface TeachableProvider {
  registerGrantType(name: string, handler: (context: GrantContext) => Promise<void>, parameters: string[]): void;
  readonly ClientCredentials: new (fields: object) => { save(): Promise<string>; readonly expiration: number };
}

/** The parts of a request to the token endpoint that tests use; `body` is the answer. */
export interface GrantContext {
  body: unknown;
  status: number;
  readonly oidc: { readonly client: object; readonly params: Readonly<Record<string, string | undefined>> };
}

const clientId = 'test-client';
const defaultSecret = 'test-client-secret-of-32-characters';

/**
 * Starts oidc-provider: PKCE required, refresh tokens rotated with reuse detection that ends the grant, RFC 7009
 * revocation, `iss` in its answers. Any name can log in; see `approve` of test/support/browser-walk.ts.
 */
export async function startOidcProvider(options: OidcProviderOptions): Promise<AuthorizationServer> {
  const server = createServer();
  const url = await listen(server);
  const Provider = await loadOidcProvider();
  const provider = quietly(() => new Provider(url, configurationOf(options)));
  options.teach?.(provider);
  server.on('request', provider.callback());
  return { url, entry: oidcEntry(url, options), close: () => closeServer(server) };
}

function configurationOf(options: OidcProviderOptions): object {
  const { resource } = options;
  return {
    clients: [
      {
        client_id: clientId,
        client_secret: options.clientSecret ?? defaultSecret,
        redirect_uris: [options.redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: options.clientAuthentication ?? 'client_secret_basic',
      },
    ],
    cookies: { keys: ['only-for-tests'] },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false,
    scopes: ['openid', 'offline_access', 'read', 'write'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      introspection: { enabled: true, allowedPolicy: () => true },
      ...(resource !== undefined && { resourceIndicators: resourceIndicatorsOf(resource) }),
    },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `Name of ${id}`, email: `${id}@example.com` }),
    }),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: {
      AccessToken: options.accessTokenSeconds ?? 3600,
      RefreshToken: options.refreshTokenSeconds ?? 86_400,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 3600,
      IdToken: 3600,
      ClientCredentials: 600,
      DeviceCode: 600,
    },
    ...options.configuration,
  };
}

function resourceIndicatorsOf(resource: string): object {
  return {
    enabled: true,
    defaultResource: () => resource,
    useGrantedResource: () => true,
    getResourceServerInfo: () => ({ scope: 'read write', audience: resource, accessTokenFormat: 'opaque' }),
  };
}

function oidcEntry(url: string, options: OidcProviderOptions): ProviderEntry {
  return {
    display_name: 'Strict',
    issuer: url,
    authorization_response_iss_parameter_supported: true,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/token/revocation`,
    userinfo_endpoint: `${url}/me`,
    client_id: clientId,
    client_secret: options.clientSecret ?? defaultSecret,
    token_endpoint_auth_method: options.clientAuthentication ?? 'client_secret_basic',
    scopes: ['openid', 'profile', 'email'],
    refresh_reuse: 'strict',
    ...(options.resource !== undefined && { resource: options.resource }),
  };
}

/** The services of emulate that are in our catalogue. */
export type EmulatedService = 'github' | 'google' | 'microsoft' | 'slack' | 'linear' | 'apple';

const emulatedPaths: Readonly<Record<EmulatedService, Readonly<Record<string, string>>>> = {
  github: {
    authorization_endpoint: '/login/oauth/authorize',
    token_endpoint: '/login/oauth/access_token',
    userinfo_endpoint: '/user',
  },
  google: {
    authorization_endpoint: '/o/oauth2/v2/auth',
    token_endpoint: '/oauth2/token',
    userinfo_endpoint: '/oauth2/v2/userinfo',
    revocation_endpoint: '/oauth2/revoke',
  },
  microsoft: {
    authorization_endpoint: '/oauth2/v2.0/authorize',
    token_endpoint: '/oauth2/v2.0/token',
  },
  slack: {
    authorization_endpoint: '/oauth/v2/authorize',
    token_endpoint: '/api/oauth.v2.access',
  },
  apple: {
    authorization_endpoint: '/auth/authorize',
    token_endpoint: '/auth/token',
    revocation_endpoint: '/auth/revoke',
  },
  linear: {
    authorization_endpoint: '/oauth/authorize',
    token_endpoint: '/oauth/token',
    userinfo_endpoint: '/graphql',
    revocation_endpoint: '/oauth/revoke',
  },
};

/** Starts one service of emulate; the entry starts from the catalogue's template of the same name. */
export async function startEmulate(service: EmulatedService, redirectUri: string): Promise<AuthorizationServer> {
  const client = { client_id: `emulated-${service}`, client_secret: `emulated-${service}-secret` };
  const app = { ...client, name: 'Test app', redirect_uris: [redirectUri] };
  const people = [{ login: 'ada', email: 'ada@example.com', name: 'Ada Lovelace' }];
  const apps = service === 'github' || service === 'slack' || service === 'linear' ? 'oauth_apps' : 'oauth_clients';
  const seed = { [service]: { users: people, [apps]: [app] } };
  const server = await createEmulator({ service, port: 0, seed });
  const url = server.url.replace('//localhost', '//127.0.0.1');
  const endpoints = Object.fromEntries(
    Object.entries(emulatedPaths[service]).map(([name, path]) => [name, url + path]),
  );
  return { url, entry: { ...client, ...endpoints }, close: () => server.close() };
}

/** The part of `oidc-provider` that is used; the package has no types. */
type OidcProviderClass = new (
  issuer: string,
  configuration: object,
) => TeachableProvider & { callback(): RequestListener };

async function loadOidcProvider(): Promise<OidcProviderClass> {
  // A name in a variable keeps the compiler from looking for types that do not exist.
  const untyped = 'oidc-provider';
  const { log, info, warn } = console;
  Object.assign(console, { log: silent, info: silent, warn: silent });
  const module: unknown = await import(untyped).finally(() => Object.assign(console, { log, info, warn }));
  if (typeof module === 'object' && module !== null && 'Provider' in module && isClass(module.Provider)) {
    return module.Provider;
  }
  throw new TypeError('oidc-provider does not export Provider');
}

function isClass(value: unknown): value is OidcProviderClass {
  return typeof value === 'function';
}

const silent = () => undefined;

/** Hides the package's notices about development settings, which are meant here. */
function quietly<T>(work: () => T): T {
  const { info, warn } = console;
  Object.assign(console, { info: silent, warn: silent });
  try {
    return work();
  } finally {
    Object.assign(console, { info, warn });
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
