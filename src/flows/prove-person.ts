/** The person in the browser is shown to be the person in the chat: return code or verifier -> active connection. */

import { CodeRefused, Forbidden, Gone, OAuthNotConnected, RateLimited } from '../core/errors.js';
import { type Owner, ownerKeyOf, type ProviderId, type TenantId, type UserId } from '../core/identifiers.js';
import type { StoredGrant } from '../core/store.js';
import type { ProvenConnect } from '../core/views.js';
import { activate } from './activate.js';
import { startConnect } from './connect-link.js';
import { requireConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { endGrant, hasEndedLately } from './end-grant.js';
import { normalizeReturnCode } from './one-time-values.js';

/** No person types more codes than this in ten minutes, over all flows. */
const userWindowMs = 600_000;
const mostTriesPerUser = 20;

/** What was typed, and at which providers it may prove anything; absent = at all. */
export interface TypedCode {
  readonly code: string;
  readonly providers?: readonly ProviderId[] | undefined;
}

/**
 * Takes the code that the chat user typed. Every try counts on every flow of that user before it is compared, so tries
 * spread over replicas count as well; a flow that has used up its tries ends, and its grant is revoked.
 *
 * @throws {CodeRefused} not the code of any of this user's flows
 * @throws {Gone} the code's flow is over: proven, too old, or out of tries
 * @throws {RateLimited} too many tries by this user
 * @throws {OAuthNotConnected} `account_mismatch`: another account than before, which policy refuses
 */
export async function submitProof(deps: Dependencies, owner: Owner, typed: TypedCode): Promise<ProvenConnect> {
  await limitTries(deps, owner);
  const code = normalizeReturnCode(typed.code);
  const awaiting = (await openFlows(deps, owner)).filter(
    ({ grant }) => typed.providers?.includes(grant.connection.provider) ?? true,
  );
  if (awaiting.length === 0) {
    if (await hasEndedLately(deps, owner)) throw new Gone('The code is used up or too old.');
    throw new CodeRefused(0);
  }
  const tries = await Promise.all(awaiting.map((flow) => countTry(deps, flow)));
  const open = tries.filter(({ left }) => left >= 0);
  const isMeant = ({ grant: { codeDigest } }: StoredGrant) =>
    codeDigest !== undefined && deps.store.codes.matches(owner, code, codeDigest);
  const matching = open.find(({ flow }) => isMeant(flow));
  if (matching !== undefined) return activateProven(deps, owner, matching.flow);
  // The right code, sent many times at once, uses up the tries too, but must not end the flow that the first one is proving.
  const usedUp = tries.filter(({ flow, left }) => left <= 0 && !isMeant(flow));
  await Promise.all(usedUp.map(({ flow }) => endGrant(deps, flow, 'attempts_used_up')));
  if (open.length === 0) throw new Gone('The code is used up or too old.');
  throw new CodeRefused(Math.max(...open.map(({ left }) => left)));
}

/**
 * The host's own web session says who is in the browser (proof mode `app_verifier`).
 *
 * @throws {UnknownConnect} none of that id in this tenant
 * @throws {Forbidden} the browser's user is not the one the link was made for
 * @throws {Gone} nothing of that connect awaits a proof
 */
export async function verifyConnect(
  deps: Dependencies,
  { tenant, connectId, userId }: { tenant: TenantId; connectId: string; userId: UserId },
): Promise<ProvenConnect> {
  const connect = await requireConnect(deps, { tenant, connectId });
  if (connect.proof !== 'app_verifier') throw new Forbidden('This connect is not proven by a verifier.');
  if (connect.userId !== userId) throw new Forbidden('The person in the browser is not the one the link was made for.');
  const owner = { tenant, userId };
  const records = await deps.store.connections.list(owner);
  const flow = records.awaiting.find((awaiting) => awaiting.connectId === connectId);
  if (flow === undefined) throw new Gone('Nothing of this connect awaits a proof.');
  return activateProven(deps, owner, flow);
}

async function activateProven(deps: Dependencies, owner: Owner, flow: StoredGrant): Promise<ProvenConnect> {
  const activation = await activate(deps, { owner, connectId: flow.connectId });
  await deps.store.counters.reset(triesName(flow.connectId));
  if (activation.kind === 'active') return activation.proven;
  const { provider, account, requestedScope, parameters } = flow.grant.connection;
  const next = await startConnect(deps, { owner, provider, account, scope: requestedScope, parameters });
  throw new OAuthNotConnected({ provider, reason: 'account_mismatch', ...next });
}

async function limitTries(deps: Dependencies, owner: Owner): Promise<void> {
  const { count, remainingMs } = await deps.store.counters.add(`proof-user/${ownerKeyOf(owner)}`, userWindowMs);
  if (count > mostTriesPerUser) throw new RateLimited(remainingMs);
}

/** Flows of this user that wait for a code; what is overdue is ended on the way. */
async function openFlows(deps: Dependencies, owner: Owner): Promise<readonly StoredGrant[]> {
  const { awaiting } = await deps.store.connections.list(owner);
  const byCode = awaiting.filter(({ grant }) => grant.proof === 'chat_code');
  const isOver = ({ grant }: StoredGrant) => deps.now() >= grant.expiresAt;
  await Promise.all(byCode.filter(isOver).map((flow) => endGrant(deps, flow, 'expired')));
  return byCode.filter((flow) => !isOver(flow));
}

async function countTry(deps: Dependencies, flow: StoredGrant): Promise<{ flow: StoredGrant; left: number }> {
  const { count } = await deps.store.counters.add(triesName(flow.connectId), deps.settings.proofTtlMs * 2);
  return { flow, left: deps.settings.proofAttempts - count };
}

function triesName(connectId: string): string {
  return `proof-tries/${connectId}`;
}
