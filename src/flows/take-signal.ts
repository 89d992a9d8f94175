/** A provider tells us by itself that authorizations have ended: every connection concerned is checked. */

import { NotFound, Unauthorized } from '../core/errors.js';
import type { ProviderId, TenantId } from '../core/identifiers.js';
import type { InboundSignal } from '../core/signal.js';
import { SignalReader } from '../protocol/signals/read-signal.js';
import type { Dependencies } from './dependencies.js';
import type { TokenDesk } from './get-token.js';
import { requireProvider } from './provider-of.js';
import { placesOfClient } from './providers-of-client.js';
import { recheckSibling } from './recheck-sibling.js';
import { aboutConnection, recordAct, system } from './record-act.js';
import { findByAccount } from './shared-account.js';

/** The answer that the provider expects, if any, and how many connections its signal has ended. */
export interface TakenSignal {
  readonly answer?: object;
  readonly ended: number;
}

/** Open one and keep it: it remembers the keys that issuers publish. */
export function openSignalReader({ http }: Dependencies): SignalReader {
  return new SignalReader(http);
}

/**
 * Verifies the signal, then asks the provider about each connection concerned. So a replayed old signal ends nothing that
 * still works, and taking one twice changes nothing.
 *
 * @throws {NotFound} signals of this provider are not taken here
 * @throws {Unauthorized} its signature is missing or wrong
 */
export async function takeSignal(
  desk: Pick<TokenDesk, 'deps' | 'flights'>,
  reader: SignalReader,
  { provider: id, signal }: { readonly provider: ProviderId; readonly signal: InboundSignal },
): Promise<TakenSignal> {
  const provider = await requireProvider(desk.deps, id);
  if (!reader.canRead(provider)) throw new NotFound('Signals of this provider are not taken here.');
  const meaning = await reader.read(provider, signal);
  if (meaning.kind === 'refused') throw new Unauthorized('a signal that is not signed as it should be', false);
  if (meaning.kind === 'answer') return { answer: meaning.body, ended: 0 };
  let ended = 0;
  for (const place of await placesOfClient(desk.deps, id)) {
    for (const accountId of meaning.accountIds) ended += await recheck(desk, { ...place, accountId });
  }
  return { ended };
}

async function recheck(
  desk: Pick<TokenDesk, 'deps' | 'flights'>,
  account: { readonly tenant: TenantId; readonly provider: ProviderId; readonly accountId: string },
): Promise<number> {
  let ended = 0;
  const warn = () =>
    desk.deps.log.warn({ provider: account.provider }, 'a signal may be about a record that cannot be opened');
  for (const stored of await findByAccount(desk.deps, account, warn)) {
    if (stored.connection.state.kind === 'needs_reauthorization') continue;
    const fate = await recheckSibling(desk, stored, true);
    const about = { ...aboutConnection(stored.connection), actor: system, outcome: 'ok' } as const;
    await recordAct(desk.deps, { act: 'signal', ...about, reason: `the provider told of its end; found: ${fate}` });
    if (fate === 'ended') ended += 1;
  }
  return ended;
}
