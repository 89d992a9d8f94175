/** GitHub, Google and Microsoft, played by the package `emulate`: their own answer shapes, without accounts. */

import type { ProviderEntry } from '../../providers/index.js';

/** One authorization server of the sandbox. */
export interface EmulatedProvider {
  readonly id: string;
  readonly entry: ProviderEntry;
  close(): Promise<void>;
}

type Service = 'github' | 'google' | 'microsoft';

/** Fixed values: they open nothing but this sandbox. */
const clientOf = (id: string) => ({ client_id: `sandbox-${id}`, client_secret: `sandbox-${id}-secret` });

const people = {
  github: [
    { login: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' },
    { login: 'grace', name: 'Grace Hopper', email: 'grace@example.com' },
  ],
  mail: [
    { email: 'ada@example.com', name: 'Ada Lovelace', email_verified: true },
    { email: 'grace@example.com', name: 'Grace Hopper', email_verified: true },
  ],
};

/** The paths of each service's endpoints. */
const paths: Readonly<Record<Service, Readonly<Record<string, string>>>> = {
  github: {
    authorization_endpoint: '/login/oauth/authorize',
    token_endpoint: '/login/oauth/access_token',
    userinfo_endpoint: '/user',
    revocation_endpoint: '/applications/sandbox-github/grant',
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
    userinfo_endpoint: '/oidc/userinfo',
  },
};

/** Starts the three; `redirectUri` returns the one to register for each. */
export async function startEmulatedProviders(
  emulate: typeof import('emulate'),
  redirectUri: (provider: string) => string,
): Promise<readonly EmulatedProvider[]> {
  const start = async (id: Service): Promise<EmulatedProvider> => {
    const server = await emulate.createEmulator({ service: id, port: 0, seed: seedOf(id, redirectUri(id)) });
    const address = server.url.replace('//localhost', '//127.0.0.1');
    return { id, entry: entryOf(id, address), close: () => server.close() };
  };
  return await Promise.all([start('github'), start('google'), start('microsoft')]);
}

function seedOf(id: Service, redirectUri: string): Record<string, unknown> {
  const client = { ...clientOf(id), name: 'Valetkey sandbox', redirect_uris: [redirectUri] };
  return id === 'github'
    ? { github: { users: people.github, oauth_apps: [client] } }
    : { [id]: { users: people.mail, oauth_clients: [client] } };
}

function entryOf(id: Service, address: string): ProviderEntry {
  const endpoints = Object.entries(paths[id]).map(([name, path]) => [name, address + path]);
  return { ...clientOf(id), ...Object.fromEntries(endpoints) };
}
