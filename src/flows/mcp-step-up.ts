/** A 403 of an MCP server that wants more scope: asked for once more, together with all before, and not in circles. */

import type { ExpiringRecord } from '../core/connect.js';
import { OAuthNotConnected } from '../core/errors.js';
import { defaultAccount, ownerKeyOf, type ProviderId } from '../core/identifiers.js';
import { coversScope, missingScope, type Scope } from '../core/scope.js';
import type { AccessToken } from '../core/views.js';
import type { BearerChallenge } from '../protocol/challenge.js';
import type { Dependencies } from './dependencies.js';
import { findKnownServer, viewServer } from './discover-provider.js';
import { findDiscovered } from './discovered-provider.js';
import type { TokenDesk } from './get-token.js';
import { askedFor, findStored, type McpTokenRequest, offerConnect, tokenAt } from './mcp-token.js';
import { isRejected } from './rejected-token.js';

/** A request that a server answered with 403 and `insufficient_scope`. */
export interface StepUpRequest extends McpTokenRequest {
  readonly challenge: BearerChallenge;
}

/** How long a scope that was refused, or that did not help, is not asked for again. */
const rememberedMs = 10 * 60_000;
/** How often within that time a server may ask for ever more. */
const mostRounds = 2;

/**
 * Asks the person for what is missing, together with all that was asked for before (a refresh cannot widen scope).
 *
 * @returns a token that somebody else has had widened meanwhile; `undefined` when asking again would be of no use
 * @throws {OAuthNotConnected} with a link that asks for the union
 */
export async function stepUpMcp(desk: TokenDesk, request: StepUpRequest): Promise<AccessToken | undefined> {
  const { deps } = desk;
  const server = viewServer(deps, request.owner.tenant, request.serverUrl);
  const known = await findKnownServer(deps, server);
  const provider = known && (await findDiscovered(deps, known.provider));
  const stored = provider && (await findStored(deps, provider.id, request));
  if (provider === undefined || stored === undefined || server.rules.grant === 'client_credentials') return undefined;
  const { requestedScope, tokenSet } = stored.connection;
  const scope = askedFor(server, { challenge: request.challenge, previous: requestedScope }) ?? [];
  const challenged = askedFor(server, { challenge: request.challenge }) ?? [];
  const missing = missingScope(tokenSet.scope, challenged);
  const { rejectedTokenSha256: digest } = request;
  // If the caller does not say which token was refused, the scope of the stored one tells whether it can be that.
  const isWidened = digest === undefined ? missing.length === 0 : !isRejected(tokenSet.accessToken, digest);
  if (isWidened) {
    const outcome = await tokenAt(desk, provider, { ...request, rejectedTokenSha256: undefined });
    return outcome.kind === 'token' ? outcome.token : undefined;
  }
  if (missing.length === 0) return undefined;
  return ask(deps, provider.id, { request, scope, missing });
}

async function ask(
  deps: Dependencies,
  provider: ProviderId,
  wish: { readonly request: StepUpRequest; readonly scope: Scope; readonly missing: Scope },
): Promise<undefined> {
  const { request, scope, missing } = wish;
  const key = memoryKeyOf(provider, request);
  const rounds = await roundsSoFar(deps, key, scope);
  if (rounds === 'enough') return undefined;
  try {
    return await offerConnect(deps, provider, { request, scope, reason: 'insufficient_scope', missingScopes: missing });
  } catch (error) {
    if (error instanceof OAuthNotConnected) {
      const { connectId } = error;
      await deps.store.expiring.save('mcp_step_up', key, { connectId, scope, rounds }, rememberedMs);
    }
    throw error;
  }
}

/** What came of the last time: refused, or granted and still not enough, or still open. */
async function roundsSoFar(deps: Dependencies, key: string, scope: Scope): Promise<number | 'enough'> {
  const last: ExpiringRecord<'mcp_step_up'> | undefined = await deps.store.expiring.find('mcp_step_up', key);
  if (last === undefined) return 0;
  const status = (await deps.store.expiring.find('connect', last.connectId))?.status.kind;
  const isSame = coversScope(last.scope, scope);
  if (status === 'failed') return isSame ? 'enough' : last.rounds + 1;
  if (status !== 'connected') return last.rounds;
  return isSame || last.rounds + 1 > mostRounds ? 'enough' : last.rounds + 1;
}

function memoryKeyOf(provider: ProviderId, { owner, account = defaultAccount }: McpTokenRequest): string {
  return JSON.stringify([ownerKeyOf(owner), provider, account]);
}
