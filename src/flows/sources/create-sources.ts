/** Makes the token sources of a deployment: those of the configuration and those of the host. */

import { ConfigurationError } from '../../core/errors.js';
import { type ProviderId, providerIdSchema } from '../../core/identifiers.js';
import type { Provider } from '../../core/provider.js';
import type { SourceSettings, TokenSource } from '../../core/token-source.js';
import type { Dependencies } from '../dependencies.js';
import type { TokenDesk } from '../get-token.js';
import { clientCredentials } from './client-credentials.js';
import { fixedIdentity } from './fixed-identity.js';
import { fixedToken } from './fixed-token.js';
import { KeptTokens } from './kept-tokens.js';
import type { SourceRoom } from './source-room.js';
import { tokenExchange } from './token-exchange.js';

/** By provider, made when first asked for; a provider that is not in it has one grant per user. */
export type TokenSources = Pick<ReadonlyMap<ProviderId, TokenSource>, 'get'>;

/** More different scopes of one client are kept by nobody. */
const mostScopes = 100;

/**
 * The sources of a deployment. Those of the host win over the configuration.
 *
 * @throws {ConfigurationError} an object of the host's that is no source, or under a name that no provider can have
 */
export function createSources(desk: TokenDesk): TokenSources {
  const { providers, sources = {} } = desk.deps;
  const made = new Map(Object.entries(sources).map(checkedSource));
  const get = (id: ProviderId) => {
    const present = made.get(id);
    const provider = present === undefined ? providers.find(id) : undefined;
    if (provider?.source === undefined) return present;
    const source = sourceOf(desk, provider, provider.source);
    made.set(id, source);
    return source;
  };
  return { get };
}

function sourceOf(desk: TokenDesk, provider: Provider, settings: SourceSettings): TokenSource {
  const room = roomOf(desk.deps);
  const bufferMs = provider.refreshBufferMs ?? room.refreshBufferMs;
  const keep = (size: number) => new KeptTokens({ size, bufferMs, elapsed: room.elapsed });
  switch (settings.kind) {
    case 'refresh_token':
      return fixedIdentity(desk, provider, settings.refreshToken);
    case 'static':
      return fixedToken(provider, settings.accessToken);
    case 'client_credentials':
      return clientCredentials(room, provider, keep(mostScopes));
    case 'token_exchange':
      return tokenExchange({
        room,
        provider,
        settings: settings.exchange,
        kept: keep(settings.exchange.cacheSize),
      });
  }
}

function roomOf({ http, now, elapsed = now, settings }: Dependencies): SourceRoom {
  return { http, now, elapsed, refreshBufferMs: settings.refreshBufferMs };
}

/** Hosts are not always written in TypeScript. */
function checkedSource([id, source]: [string, TokenSource]): [ProviderId, TokenSource] {
  const name = providerIdSchema.safeParse(id);
  if (!name.success) throw new ConfigurationError([{ name: 'sources', problem: 'an id is not that of a provider' }]);
  const isSource =
    typeof source === 'object' &&
    source !== null &&
    typeof source.resolve === 'function' &&
    typeof source.requiresSubjectToken === 'boolean';
  if (!isSource) {
    const problem = 'must have requiresSubjectToken (true or false) and a method resolve';
    throw new ConfigurationError([{ name: `sources.${id}`, problem }]);
  }
  return [name.data, source];
}
