/** The providers of one deployment: the catalogue, joined with the entries that configure it. */

import { isAllowedEndpoint } from '../src/core/endpoint.js';
import { ConfigurationError } from '../src/core/errors.js';
import { isProviderId, type ProviderId, providerIdSchema } from '../src/core/identifiers.js';
import type { ClientAuthenticationMethod, Provider, ProviderRegistry } from '../src/core/provider.js';
import { mayBeExtra, type ProviderEntry } from './entry.js';
import { resolveProvider } from './resolve.js';
import type { ProviderTemplate } from './template.js';

type Fault = { readonly name: string; readonly problem: string };
type Catalogue = ReadonlyMap<ProviderId, ProviderTemplate>;

/** How entries are joined. `open`: entries whose endpoints only their issuer can tell; they are checked with the others. */
export interface JoinOptions {
  readonly allowInsecureLoopback?: boolean;
  readonly open?: ReadonlyMap<string, ProviderEntry>;
}

const unusableId: Fault = { name: 'providers', problem: 'an id must be 1-64 characters of a-z 0-9 _ -' };

/**
 * Joins entries with a catalogue. A provider whose entry has no client id, or lacks the secret that the catalogue's provider
 * needs, is known but not configured.
 *
 * @throws ConfigurationError with all faults at once, each naming provider and field
 */
export function joinRegistry(
  catalogue: Catalogue,
  entries: Readonly<Record<string, ProviderEntry>>,
  { allowInsecureLoopback = false, open = new Map() }: JoinOptions = {},
): ProviderRegistry {
  const faults: Fault[] = [...open].flatMap(([id, { issuer }]) => issuerFaults(id, issuer, allowInsecureLoopback));
  const collect = (work: () => Provider): Provider | undefined => {
    try {
      const resolved = work();
      faults.push(...faultsOf(resolved, allowInsecureLoopback));
      return resolved;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  };
  const configured = new Map<ProviderId, Provider>();
  for (const [name, entry] of Object.entries(entries)) {
    const id = providerIdSchema.safeParse(name);
    if (!id.success) faults.push(unusableId);
    if (!id.success || !isMeantForUse(entry)) continue;
    const provider = collect(() => resolveProvider(id.data, entry, templateOf(catalogue, id.data, entry)));
    const isOwn = entry.template === undefined && !catalogue.has(id.data);
    if (provider && (isOwn || !lacksSecret(provider))) configured.set(id.data, provider);
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
  return registryOf(catalogue, entries, configured);
}

/** A static token needs no client; every other source is not configured without one. */
function isMeantForUse(entry: ProviderEntry): boolean {
  return entry.client_id !== undefined || entry.source === 'static';
}

const secretMethods: ReadonlySet<ClientAuthenticationMethod> = new Set([
  'client_secret_basic',
  'client_secret_basic_raw',
  'client_secret_as_username',
  'client_secret_post',
]);

/** Whether the authentication method needs a secret that is absent. Its requests would have no `client_secret` at all. */
export function lacksSecret({ source, clientAuthentication, clientSecret }: Provider): boolean {
  return source?.kind !== 'static' && clientSecret === undefined && secretMethods.has(clientAuthentication);
}

function templateOf(catalogue: Catalogue, id: ProviderId, entry: ProviderEntry): ProviderTemplate | undefined {
  if (entry.template === undefined) return catalogue.get(id);
  const wanted = providerIdSchema.safeParse(entry.template);
  const template = wanted.success ? catalogue.get(wanted.data) : undefined;
  if (!template) throw new ConfigurationError([{ name: `${id}.template`, problem: 'is not in the catalogue' }]);
  return template;
}

/** The faults that can be found only after template and entry are joined. */
function faultsOf(provider: Provider, allowInsecureLoopback: boolean): readonly Fault[] {
  const endpoints: Readonly<Record<string, string | undefined>> = {
    authorization_endpoint: provider.authorizationEndpoint || undefined,
    token_endpoint: provider.tokenEndpoint || undefined,
    refresh_endpoint: provider.refreshEndpoint,
    device_authorization_endpoint: provider.deviceAuthorizationEndpoint,
    userinfo_endpoint: provider.identity.endpoint,
    sites_endpoint: provider.sites?.endpoint,
    revocation_endpoint: provider.revocation?.endpoint,
  };
  const unsafe = Object.entries(endpoints).filter(
    ([, url]) => url !== undefined && !isUsable(url, allowInsecureLoopback),
  );
  const taken = Object.keys(provider.extraAuthorizationParameters).filter((name) => !mayBeExtra(name));
  return [
    ...unsafe.map(([name]) => ({
      name: `${provider.id}.${name}`,
      problem: 'must be an https URL without credentials',
    })),
    ...taken.map((name) => ({ name: `${provider.id}.extra_authorization_params.${name}`, problem: 'must not be set' })),
  ];
}

/** The faults of an issuer that can be found without asking it: no query and no fragment (RFC 8414 section 2). */
function issuerFaults(id: string, issuer = '', allowInsecureLoopback = false): readonly Fault[] {
  if (!isProviderId(id)) return [unusableId];
  if (isUsable(issuer, allowInsecureLoopback) && !/[?#]/.test(issuer)) return [];
  return [{ name: `${id}.issuer`, problem: 'must be an https URL without credentials, query and fragment' }];
}

function isUsable(endpoint: string, allowInsecureLoopback: boolean): boolean {
  // A placeholder is later filled with a label of the host or a segment of the path.
  const url = endpoint.replaceAll(/\{[a-z_]+\}/g, 'placeholder');
  return URL.canParse(url) && isAllowedEndpoint(new URL(url), allowInsecureLoopback);
}

function registryOf(
  catalogue: Catalogue,
  entries: Readonly<Record<string, ProviderEntry>>,
  configured: ReadonlyMap<ProviderId, Provider>,
): ProviderRegistry {
  const ids = [...new Set([...catalogue.keys(), ...Object.keys(entries).map((name) => providerIdSchema.parse(name))])];
  const inOrder = ids.flatMap((id) => configured.get(id) ?? []);
  const listing = ids.map((id) => ({
    id,
    displayName: configured.get(id)?.displayName ?? entries[id]?.display_name ?? catalogue.get(id)?.displayName ?? id,
    icon: configured.get(id)?.icon ?? catalogue.get(id)?.icon,
    configured: configured.has(id),
    defaultScope: configured.get(id)?.defaultScope ?? catalogue.get(id)?.defaultScope ?? [],
    source: entries[id]?.source ?? 'authorization_code',
  }));
  return {
    find: (id) => configured.get(id),
    findNaming: (id) => configured.get(id) ?? templateOf(catalogue, id, entries[id] ?? {}),
    configured: () => inOrder,
    known: () => listing,
  };
}
