/** A token that the embedding program got by itself becomes a connection like any other. */

import { type Connection, nextGeneration, refOf } from '../core/connection.js';
import { StoreUnavailable } from '../core/errors.js';
import { withParameters } from '../core/provider-endpoints.js';
import type { Scope } from '../core/scope.js';
import type { TokenSet } from '../core/token-set.js';
import { about, announce } from './announce.js';
import type { Dependencies } from './dependencies.js';
import type { ConnectionWish } from './find-connection.js';
import { newId } from './one-time-values.js';
import { requireConnectable } from './provider-of.js';
import { scheduleRefresh } from './schedule.js';
import { leaveReplaced } from './shared-account.js';

/** Another writer may come between read and write: then both are repeated, up to this many times. */
const mostTries = 5;

/** What the host has: the tokens, whose they are, and the scope that was asked for. */
export interface HostToken {
  readonly place: Required<ConnectionWish>;
  readonly tokenSet: TokenSet;
  readonly requestedScope: Scope;
  readonly parameters?: Connection['parameters'];
}

/**
 * Stores or replaces a connection. The host vouches for whose token it is: the proof recorded is `host`.
 *
 * @throws {InvalidRequest} the provider has a host for each customer, and `parameters` do not say which
 * @throws {UnknownProvider | StoreUnavailable}
 */
export async function storeToken(deps: Dependencies, token: HostToken): Promise<void> {
  const provider = withParameters(await requireConnectable(deps, token.place), token.parameters);
  for (let tries = 0; tries < mostTries; tries += 1) {
    const previous = await deps.store.connections.find(token.place);
    const isOtherChain = provider.sharedChain !== undefined && isOtherGrant(previous?.connection, token.tokenSet);
    const connection = newConnection(deps.now(), token, isOtherChain ? undefined : previous?.connection);
    const outcome = await deps.store.connections.write(token.place.owner, [
      {
        kind: 'put_connection',
        connection,
        expect: previous?.generation ?? 'absent',
        generation: nextGeneration(previous?.generation, connection.updatedAt),
      },
    ]);
    if (outcome === 'moved') continue;
    if (previous !== undefined) await leaveReplaced(deps, previous.connection, connection);
    await scheduleRefresh(deps, connection);
    const type = previous === undefined ? 'connection.created' : 'connection.updated';
    await announce(deps, refOf(connection).owner.tenant, { type, ...about(connection, connection.updatedAt) });
    return;
  }
  throw new StoreUnavailable('The connection is being written by others all the time.');
}

/** It is not known which workspace the token is for, so followers of the earlier connection must not take it over. */
function isOtherGrant(previous: Connection | undefined, { refreshToken }: TokenSet): boolean {
  return previous?.tokenSet.refreshToken?.reveal() !== refreshToken?.reveal();
}

function newConnection(now: number, token: HostToken, previous?: Connection): Connection {
  const { place, tokenSet, requestedScope, parameters } = token;
  return {
    connectionId: previous?.connectionId ?? newId('co'),
    ...place.owner,
    provider: place.provider,
    account: place.account,
    tokenSet,
    requestedScope,
    parameters,
    state: { kind: 'active' },
    proof: { mode: 'host', provenAt: now },
    connectedAt: previous?.connectedAt ?? now,
    updatedAt: now,
    // The host has a new token; the person's pause stands.
    pausedAt: previous?.pausedAt,
  };
}
