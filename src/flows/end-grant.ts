/** Ends a grant that will never be proven: gone here, then revoked at the provider. */

import type { AwaitingGrant } from '../core/connect.js';
import { refOf } from '../core/connection.js';
import { type Owner, ownerKeyOf } from '../core/identifiers.js';
import type { StoredGrant } from '../core/store.js';
import { afterwards } from './afterwards.js';
import { moveKnownConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { giveBack } from './give-back.js';
import { unlistGrant } from './listed-grants.js';
import { keepUntilRevoked } from './open-revocations.js';
import { aboutConnection, recordAct, system } from './record-act.js';
import { leaveUnproven } from './shared-account.js';
import { writeForCertain } from './write-for-certain.js';

/** Why a grant ended without a connection. */
export type GrantEnd =
  | 'expired'
  | 'attempts_used_up'
  | 'account_mismatch'
  | 'erased'
  | 'account_shared'
  | 'person_mismatch';

/** A grant without a connection, and the connect that it was of. */
export interface EndedGrant {
  readonly connectId: string;
  readonly connection: AwaitingGrant['connection'];
}

/** How long a code that has ended is reported as over, and not as wrong. */
const rememberedMs = 3_600_000;

/** Ends the grant unless somebody else has moved it on; answers whether this call ended it. */
export async function endGrant(deps: Dependencies, stored: StoredGrant, why: GrantEnd): Promise<boolean> {
  const { connectId, grant, generation } = stored;
  const { connection } = grant;
  const { owner } = refOf(connection);
  const write = () => deps.store.connections.write(owner, [{ kind: 'remove_grant', connectId, expect: generation }]);
  return keepUntilRevoked(deps, { connection, connectId }, async () => {
    if ((await writeForCertain(write, () => hasEnded(deps, owner, connectId))) === 'moved') return false;
    await concludeEnd(deps, { connectId, connection }, why);
    return true;
  });
}

/** What follows the end of a grant that is gone here. */
export async function concludeEnd(deps: Dependencies, ended: EndedGrant, why: GrantEnd): Promise<void> {
  const { connectId, connection } = ended;
  await rememberEnd(deps, refOf(connection).owner);
  await moveKnownConnect(deps, connectId, { status: { kind: 'failed', error: why } });
  await recordEnd(deps, ended, `${why}, revoked: ${await giveBack(deps, connection)}`);
  await leaveUnproven(deps, connection);
  await unlistGrant(deps, connectId);
}

/** Whether the grant is gone, and not because it was proven. */
async function hasEnded(deps: Dependencies, owner: Owner, connectId: string): Promise<boolean> {
  const { awaiting, connections } = await deps.store.connections.list(owner);
  const isThere = awaiting.some((grant) => grant.connectId === connectId);
  return !isThere && !connections.some(({ connection }) => connection.proof.connectId === connectId);
}

/** Acts of callers have entries of their own; this one is for what no caller did. */
async function recordEnd(deps: Dependencies, { connectId, connection }: EndedGrant, reason: string): Promise<void> {
  const about = { ...aboutConnection(connection), object: connectId };
  await recordAct(deps, { act: 'connect.end', actor: system, ...about, outcome: 'refused', reason });
}

/** Notes that a proof of this owner is over. Without the note it is over all the same. */
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
