/** Keeps a new grant where nobody can use it until the person is proven; or at once, where no proof is asked for. */

import type { AwaitingGrant, ConnectIntent } from '../core/connect.js';
import type { Owner } from '../core/identifiers.js';
import { activate } from './activate.js';
import { connectRecordTtlMs } from './connect-link.js';
import { moveConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { giveBack } from './give-back.js';
import { listGrant } from './listed-grants.js';
import { newReturnCode } from './one-time-values.js';
import { isUnknown, writeForCertain } from './write-for-certain.js';

/** A redeemed grant, the connect it belongs to, and the browser that brought it. */
export interface NewGrant {
  readonly intent: ConnectIntent;
  readonly grant: AwaitingGrant['connection'];
  /** Absent when no browser of ours took part (device authorization). */
  readonly browserSecret?: string;
}

/**
 * Stores the grant as awaiting proof, with its return code, and lets the finishing browser see the code.
 *
 * @throws {StoreUnavailable} the grant could not be kept and is given back; if it may have been kept all the same, only
 *   when its time is over
 */
export async function parkGrant(deps: Dependencies, parked: NewGrant): Promise<void> {
  const { intent, grant: connection } = parked;
  const owner = { tenant: intent.tenant, userId: intent.userId };
  const until = deps.now() + deps.settings.proofTtlMs;
  const returnCode = intent.proof === 'chat_code' ? newReturnCode() : undefined;
  const codeDigest = returnCode && deps.store.codes.digest(owner, returnCode.reveal());
  const grant: AwaitingGrant = { connection, proof: intent.proof, codeDigest, expiresAt: until };
  await keep(deps, owner, { connectId: intent.connectId, grant });
  const finished = { intent, identity: connection.identity, returnCode };
  if (parked.browserSecret !== undefined) {
    await deps.store.expiring.save('finished_flow', parked.browserSecret, finished, connectRecordTtlMs(deps));
  }
  if (intent.proof === 'none') {
    await activate(deps, { owner, connectId: intent.connectId });
    return;
  }
  await moveConnect(deps, intent, { status: { kind: 'awaiting_proof', identity: connection.identity, until } });
}

/** A grant that may have been stored is not revoked: somebody could prove it, and be connected with dead tokens. */
async function keep(
  deps: Dependencies,
  owner: Owner,
  { connectId, grant }: { readonly connectId: string; readonly grant: AwaitingGrant },
): Promise<void> {
  const { connections } = deps.store;
  const isThere = async () => (await connections.list(owner)).awaiting.some((each) => each.connectId === connectId);
  let mayBeThere = false;
  try {
    const { provider, identity } = grant.connection;
    await listGrant(deps, { owner, connectId, endsAt: grant.expiresAt, provider, accountId: identity?.id });
    mayBeThere = true;
    await writeForCertain(
      () => connections.write(owner, [{ kind: 'put_grant', connectId, grant, expect: 'absent' }]),
      isThere,
    );
  } catch (error) {
    if (!mayBeThere || !isUnknown(error)) await giveBack(deps, grant.connection);
    throw error;
  }
}
