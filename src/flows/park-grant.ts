/** Keeps a new grant where nobody can use it until the person is proven; or at once, where no proof is asked for. */

import type { AwaitingGrant, ConnectIntent } from '../core/connect.js';
import { activate } from './activate.js';
import { moveConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { giveBack } from './give-back.js';
import { listGrant } from './listed-grants.js';
import { newReturnCode } from './one-time-values.js';

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
 * @throws {StoreUnavailable} the grant could not be kept, and is given back
 */
export async function parkGrant(deps: Dependencies, parked: NewGrant): Promise<void> {
  const { intent, grant: connection } = parked;
  const owner = { tenant: intent.tenant, userId: intent.userId };
  const until = deps.now() + deps.settings.proofTtlMs;
  const returnCode = intent.proof === 'chat_code' ? newReturnCode() : undefined;
  const codeDigest = returnCode && deps.store.codes.digest(owner, returnCode.reveal());
  const grant: AwaitingGrant = { connection, proof: intent.proof, codeDigest, expiresAt: until };
  try {
    await listGrant(deps, { owner, connectId: intent.connectId, endsAt: until });
    await deps.store.connections.write(owner, [
      { kind: 'put_grant', connectId: intent.connectId, grant, expect: 'absent' },
    ]);
  } catch (error) {
    await giveBack(deps, connection);
    throw error;
  }
  const finished = { intent, identity: connection.identity, returnCode };
  if (parked.browserSecret !== undefined) {
    await deps.store.expiring.save('finished_flow', parked.browserSecret, finished, deps.settings.proofTtlMs);
  }
  if (intent.proof === 'none') {
    await activate(deps, { owner, connectId: intent.connectId });
    return;
  }
  await moveConnect(deps, intent, { status: { kind: 'awaiting_proof', identity: connection.identity, until } });
}
