/** What a program meant to do when the person had to connect first: kept for a while, and resumed once. */

import { InvalidRequest } from '../core/errors.js';
import { type ConnectionRef, defaultAccount, type Owner, ownerKeyOf, type TenantId } from '../core/identifiers.js';
import type { OwnerRecords } from '../core/store.js';
import type { PendingAction } from '../core/views.js';
import { requireConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';

const largestBytes = 8 * 1024;

/**
 * The payload as JSON text.
 *
 * @throws {InvalidRequest} it is no JSON, or too large
 */
export function parseResume(resume: unknown): string {
  const payload = toJson(resume);
  if (payload === undefined) throw new InvalidRequest('resume', 'must be JSON');
  if (Buffer.byteLength(payload) > largestBytes) throw new InvalidRequest('resume', 'must be at most 8 KiB as JSON');
  return payload;
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Which connect, of which tenant. */
interface ConnectOf {
  readonly tenant: TenantId;
  readonly connectId: string;
}

/**
 * Keeps the action for the place (user, provider, account) that the connect is about. There is one per place: what the
 * person wanted last is resumed, whichever link is used to connect. It is kept for as long as a connect can take.
 */
export async function keepPendingAction(deps: Dependencies, of: ConnectOf & { payload: string }): Promise<void> {
  const { tenant, userId, provider, account } = await requireConnect(deps, of);
  const record = { tenant, userId, provider, account, resume: of.payload, keptAt: deps.now() };
  const { linkTtlMs, proofTtlMs } = deps.settings;
  const key = placeOf({ owner: { tenant, userId }, provider, account });
  await deps.store.expiring.save('pending_action', key, record, 2 * linkTtlMs + proofTtlMs);
}

/** Reads and removes the action at once, when the connect is completed; before that nothing is touched. */
export async function takePendingAction(deps: Dependencies, of: ConnectOf): Promise<PendingAction | undefined> {
  const { connectId, tenant, userId, provider, account, status } = await requireConnect(deps, of);
  if (status.kind !== 'connected') return undefined;
  const key = placeOf({ owner: { tenant, userId }, provider, account });
  const action = await deps.store.expiring.take('pending_action', key);
  if (action === undefined) return undefined;
  return { connectId, userId, provider, account, resume: JSON.parse(action.resume), keptAt: action.keptAt };
}

/**
 * Forgets the actions of an owner that is erased: for each connection and grant, and for the default account at each
 * configured provider. There is no list of any others; they expire.
 */
export async function dropPendingActions(deps: Dependencies, owner: Owner, records: OwnerRecords): Promise<void> {
  const places = [
    ...deps.providers.configured().map(({ id }) => ({ provider: id, account: defaultAccount })),
    ...records.connections.map(({ connection }) => connection),
    ...records.awaiting.map(({ grant }) => grant.connection),
  ];
  const keys = new Set(places.map(({ provider, account }) => placeOf({ owner, provider, account })));
  await Promise.all([...keys].map((key) => deps.store.expiring.remove('pending_action', key)));
}

/** The owner's key has a fixed length and a provider's id no slash, so no two places share a key. */
function placeOf({ owner, provider, account }: ConnectionRef): string {
  return `${ownerKeyOf(owner)}/${provider}/${account}`;
}
