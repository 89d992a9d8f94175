/** A provider's URLs: the places in them that a connection or configuration fills, and all of them changed at once. */

import { InvalidRequest } from './errors.js';
import type { IdentityMapping, Provider } from './provider.js';

/**
 * The provider as one connection sees it: `{shop}` and the like filled into its endpoints. Where there is a usual value
 * (`login.salesforce.com`), the connection may have another one.
 *
 * @param parameters what the connect was given; names the provider does not know are left alone
 * @throws InvalidRequest naming the parameter that is missing or cannot stand in a URL; never its value
 */
export function withParameters(provider: Provider, parameters: Readonly<Record<string, string>> = {}): Provider {
  const { choosable } = provider;
  if (choosable && Object.keys(choosable.placeholders ?? {}).some((name) => Object.hasOwn(parameters, name))) {
    return withParameters(choosable, parameters);
  }
  if (!provider.placeholders) return provider;
  const values = new Map<string, string>();
  for (const [name, { pattern, default: usual }] of Object.entries(provider.placeholders)) {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : usual;
    if (value === undefined) throw new InvalidRequest(`parameters.${name}`, `is required by ${provider.id}`);
    if (!pattern.test(value)) throw new InvalidRequest(`parameters.${name}`, 'is not of the form that is expected');
    values.set(name, value);
  }
  const { placeholders, ...filled } = mapEndpoints(provider, (url) => fillPlaceholders(url, values));
  const matches = Object.entries(filled.callbackMatches ?? {});
  const callbackMatches = Object.fromEntries(matches.map(([name, text]) => [name, fillPlaceholders(text, values)]));
  return { ...filled, callbackMatches, place: [...values.values()].join(' ') };
}

/** The names of the parameters that decide which host or directory a connection is of, whether given or usual. */
export function placeNamesOf({ placeholders, choosable }: Provider): readonly string[] {
  return Object.keys({ ...placeholders, ...choosable?.placeholders });
}

/** Puts values in the places of `{name}`; what has no value stays as it is. */
export function fillPlaceholders(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\{([a-z_]+)\}/g, (place, name: string) => values.get(name) ?? place);
}

/** The provider with every URL of its own changed. */
export function mapEndpoints(provider: Provider, change: (url: string) => string): Provider {
  const { issuer, refreshEndpoint, deviceAuthorizationEndpoint, identity, revocation, sites } = provider;
  return {
    ...provider,
    authorizationEndpoint: change(provider.authorizationEndpoint),
    tokenEndpoint: change(provider.tokenEndpoint),
    ...(issuer !== undefined && { issuer: change(issuer) }),
    ...(refreshEndpoint !== undefined && { refreshEndpoint: change(refreshEndpoint) }),
    ...(deviceAuthorizationEndpoint !== undefined && {
      deviceAuthorizationEndpoint: change(deviceAuthorizationEndpoint),
    }),
    identity: mapIdentity(identity, change),
    ...(sites && { sites: { ...sites, endpoint: change(sites.endpoint) } }),
    ...(revocation && { revocation: { ...revocation, endpoint: change(revocation.endpoint) } }),
  };
}

function mapIdentity(identity: IdentityMapping, change: (url: string) => string): IdentityMapping {
  return {
    ...identity,
    ...(identity.endpoint !== undefined && { endpoint: change(identity.endpoint) }),
    ...(identity.place !== undefined && { place: change(identity.place) }),
  };
}
