/** What a person reads after `npm start`: where it runs, where the key is, what to try first. */

import { type Config, configuredProviders } from '../service/config.js';

/** Results of the start beside the configuration. `accountLink` is a one-time link for the local user. */
interface StartExtras {
  readonly hasSandbox: boolean;
  readonly accountLink: string | undefined;
}

/** The same for programs. */
export function startFacts(config: Config, { hasSandbox, accountLink }: StartExtras) {
  return {
    base_url: config.baseUrl,
    host: config.host,
    port: config.port,
    store: config.store.kind,
    api_key_file: config.generated.apiKey ?? null,
    providers: configuredProviders(config),
    sandbox: hasSandbox,
    account_link: accountLink ?? null,
  };
}

/** A few lines; of secrets only the place is named. */
export function describeStart(config: Config, extras: StartExtras): string {
  const providers = configuredProviders(config);
  const lines = [
    '',
    `  Valetkey     ${config.baseUrl}   (API reference: ${config.baseUrl}/docs)`,
    `  Store        ${config.store.kind === 'redis' ? 'Redis' : `embedded, in ${config.store.dataDir}`}`,
    `  API key      ${describeKey(config)}`,
    `  Providers    ${providers.length > 0 ? providers.join(', ') : 'none: set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, for example'}`,
    ...(extras.hasSandbox ? ['               sandbox on this machine, no account needed; pick any person there'] : []),
    ...tryFirst(config, providers[0]),
    ...(extras.accountLink ? ['', '  Account page of user "me" (one-time link):', `    ${extras.accountLink}`] : []),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function describeKey(config: Config): string {
  if (config.generated.apiKey !== undefined) return `in ${config.generated.apiKey}`;
  if (config.apiKeys.length > 0) return `API_KEYS (${config.apiKeys.map((key) => key.id).join(', ')})`;
  return 'none in API_KEYS; make one with "valetkey api-keys create"';
}

function tryFirst(config: Config, provider: string | undefined): string[] {
  if (config.generated.apiKey === undefined || provider === undefined) return [];
  const path = `/v1/users/me/tokens/${provider}`;
  return [
    '',
    '  Ask for a token; the answer is 409 with a connect_url to open, and 200 once connected:',
    `    curl -H "Authorization: Bearer $(cat ${quoteForShell(config.generated.apiKey)})" ${config.baseUrl}${path}`,
  ];
}

function quoteForShell(path: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
