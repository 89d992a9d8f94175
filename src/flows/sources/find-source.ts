/** Whether a provider's tokens come from a source or from each user's own grant. */

import { InvalidRequest } from '../../core/errors.js';
import { providerIdSchema } from '../../core/identifiers.js';
import type { Provider } from '../../core/provider.js';
import type { TokenSource } from '../../core/token-source.js';
import type { ProviderListing } from '../../core/views.js';
import type { Dependencies } from '../dependencies.js';
import { getToken, type TokenDesk } from '../get-token.js';
import { hasConnection } from '../list-connections.js';
import { requireProvider } from '../provider-of.js';
import type { TokenOutcome, TokenRequest } from '../token-request.js';
import type { TokenSources } from './create-sources.js';
import { canResolve, resolveToken } from './resolve-token.js';

/** A token, wherever it comes from: as `getToken`, and for a source as `resolveToken`. */
export function getSourcedToken(desk: TokenDesk, sources: TokenSources, request: TokenRequest): Promise<TokenOutcome> {
  const source = sources.get(request.provider);
  if (source === undefined && request.subjectToken === undefined) return getToken(desk, request);
  return getOthersToken(desk, source, request);
}

async function getOthersToken(
  desk: TokenDesk,
  source: TokenSource | undefined,
  request: TokenRequest,
): Promise<TokenOutcome> {
  const { provider, subjectToken, resource, minTtlMs, rejectedTokenSha256, scope = [] } = request;
  if (source === undefined) {
    await requireProvider(desk.deps, provider);
    throw new InvalidRequest('subject_token', 'is not taken by this provider');
  }
  const allowedScope = desk.deps.providers.find(provider)?.defaultScope;
  const wanted = { scope, subjectToken, resource, minTtlMs, rejectedTokenSha256 };
  return { kind: 'token', token: await resolveToken(desk.deps, { provider, source, allowedScope }, wanted) };
}

/** Whether {@link getSourcedToken} would have a token, by what is stored and configured: no refresh, nobody asked. */
export async function hasSourcedToken(
  { deps }: Pick<TokenDesk, 'deps'>,
  sources: TokenSources,
  request: TokenRequest,
): Promise<boolean> {
  const { provider, subjectToken, scope = [] } = request;
  const source = sources.get(provider);
  if (source === undefined) return hasConnection(deps, request);
  return canResolve(deps, { provider, source }, { scope, subjectToken });
}

/** Every provider that is known, the host's own sources included. */
export function listProviders({ providers, sources = {} }: Dependencies): readonly ProviderListing[] {
  const known = providers.known().map(({ defaultScope, source = 'authorization_code', ...rest }) => ({
    ...rest,
    ...(Object.hasOwn(sources, rest.id) && { configured: true }),
    scope: defaultScope,
    source: Object.hasOwn(sources, rest.id) ? 'host' : source,
    ...parametersOf(providers.find(rest.id)),
  }));
  const others = Object.keys(sources).filter((id) => !known.some((one) => one.id === id));
  return [...known, ...others.map(listingOfHost)];
}

function parametersOf(provider: Provider | undefined): Pick<ProviderListing, 'parameters'> {
  return provider?.placeholders ? { parameters: Object.keys(provider.placeholders) } : {};
}

function listingOfHost(id: string): ProviderListing {
  return { id: providerIdSchema.parse(id), displayName: id, configured: true, scope: [], source: 'host' };
}
