/** Ends a grant that will never be proven: gone here, then revoked at the provider. */

import type { Owner } from '../core/identifiers.js';
import { ownerKeyOf } from '../core/identifiers.js';
import type { StoredGrant } from '../core/store.js';
import { afterwards } from './afterwards.js';
import { moveKnownConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { giveBack } from './give-back.js';
import { unlistGrant } from './listed-grants.js';
import { aboutConnection, recordAct, system } from './record-act.js';
import { writeForCertain } from './write-for-certain.js';

/** Why a grant ended without a connection. */
export type GrantEnd =
  | 'expired'
  | 'attempts_used_up'
  | 'account_mismatch'
  | 'erased'
  | 'account_shared'
  | 'person_mismatch';

/** How long a person is told that a code is over rather than wrong. */
const rememberedMs = 3_600_000;

/** Ends the grant unless somebody else has moved it on; answers whether this call ended it. */
export async function endGrant(deps: Dependencies, stored: StoredGrant, why: GrantEnd): Promise<boolean> {
  const { connectId, grant, generation } = stored;
  const { tenant, userId } = grant.connection;
  const owner = { tenant, userId };
  const write = () => deps.store.connections.write(owner, [{ kind: 'remove_grant', connectId, expect: generation }]);
  if ((await writeForCertain(write, () => hasEnded(deps, owner, connectId))) === 'moved') return false;
  await rememberEnd(deps, owner);
  await moveKnownConnect(deps, connectId, { status: { kind: 'failed', error: why } });
  await recordEnd(deps, stored, why, await giveBack(deps, grant.connection));
  await unlistGrant(deps, connectId);
  return true;
}

/** Whether the grant is gone, and not because it was proven. */
async function hasEnded(deps: Dependencies, owner: Owner, connectId: string): Promise<boolean> {
  const { awaiting, connections } = await deps.store.connections.list(owner);
  const isThere = awaiting.some((grant) => grant.connectId === connectId);
  return !isThere && !connections.some(({ connection }) => connection.proof.connectId === connectId);
}

/** What a caller did is told by its own entry; what nobody did is told here. */
async function recordEnd(deps: Dependencies, stored: StoredGrant, why: GrantEnd, revoked: string): Promise<void> {
  const { connection } = stored.grant;
  const reason = `${why}, revoked: ${revoked}`;
  const about = { ...aboutConnection(connection), object: stored.connectId };
  await recordAct(deps, { act: 'connect.end', actor: system, ...about, outcome: 'refused', reason });
}

/** Notes that this owner had a proof under way that is over; that it is over stands without the note, too. */
export function rememberEnd(deps: Dependencies, owner: Owner): Promise<void> {
  return afterwards(deps, 'proof-ended', () => deps.store.counters.add(nameOf(owner), rememberedMs));
}

/** Whether a proof of this owner ended lately, by success or without. */
export async function hasEndedLately(deps: Dependencies, owner: Owner): Promise<boolean> {
  return (await deps.store.counters.peek(nameOf(owner))) > 0;
}

function nameOf(owner: Owner): string {
  return `proof-ended/${ownerKeyOf(owner)}`;
}
