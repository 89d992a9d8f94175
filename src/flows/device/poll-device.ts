/** Asks a provider once about a device authorization, and acts on the answer. */

import { GrantRefused, OAuthManagerError, ProviderUnavailable, StoreUnavailable } from '../../core/errors.js';
import type { Provider } from '../../core/provider.js';
import { withParameters } from '../../core/provider-endpoints.js';
import { pollDeviceToken } from '../../protocol/device-authorization.js';
import type { TokenResponse } from '../../protocol/token-endpoint.js';
import { moveConnect } from '../connect-progress.js';
import type { Dependencies } from '../dependencies.js';
import { giveBack } from '../give-back.js';
import { newGrant } from '../new-grant.js';
import { type NewGrant, parkGrant } from '../park-grant.js';
import { httpOf, requireProvider } from '../provider-of.js';
import { aboutConnect, recordAct, system } from '../record-act.js';
import { type DeviceRecord, findDevice, holdDevice, removeDevice, saveDevice } from './device-record.js';

/** RFC 8628 section 3.5: `slow_down` lengthens the interval by this, for this and all later polls. */
const slowDownMs = 5_000;
const longestIntervalMs = 60_000;

/** Polls if it is due and no other process polls it. Never rejects because of the provider's answer. */
export async function pollDevice(deps: Dependencies, connectId: string): Promise<void> {
  await holdDevice(deps, connectId, async () => {
    const record = await findDevice(deps, connectId);
    if (record === undefined || !isDue(deps, record)) return;
    if (deps.now() >= record.expiresAt) return end(deps, record, 'expired');
    const asked = { ...record, nextPollAt: deps.now() + record.intervalMs };
    await saveDevice(deps, asked);
    await ask(deps, asked);
  });
}

/** Whether it is time to poll, or to end it because it has expired. */
export function isDue(deps: Dependencies, { nextPollAt, expiresAt }: DeviceRecord): boolean {
  return deps.now() >= Math.min(nextPollAt, expiresAt);
}

async function ask(deps: Dependencies, record: DeviceRecord): Promise<void> {
  const { intent, deviceCode, intervalMs } = record;
  try {
    const provider = withParameters(await requireProvider(deps, intent.provider), intent.parameters);
    const request = { deviceCode, requestedScope: intent.scope };
    const poll = await pollDeviceToken(provider, request, httpOf(deps, provider));
    if (poll.kind === 'slow_down') await slowDown(deps, record, intervalMs + slowDownMs);
    if (poll.kind === 'granted') await granted(deps, provider, { record, response: poll.response });
  } catch (error) {
    // An outage of the store ends nothing: it is polled again when the store is back.
    if (!(error instanceof OAuthManagerError) || error instanceof StoreUnavailable) throw error;
    // RFC 8628 section 3.5: on a time-out, less often.
    if (error instanceof ProviderUnavailable) {
      return slowDown(deps, record, Math.min(intervalMs * 2, longestIntervalMs));
    }
    await end(deps, record, reasonOf(error));
  }
}

/** The device code is spent and another poll would be refused, so if the grant cannot be stored, all is over. */
async function granted(
  deps: Dependencies,
  provider: Provider,
  { record, response }: { readonly record: DeviceRecord; readonly response: TokenResponse },
): Promise<void> {
  const { intent } = record;
  try {
    await keep(deps, { intent, grant: await newGrant(deps, provider, { intent, response }) });
  } catch (error) {
    await end(deps, record, error instanceof OAuthManagerError ? error.code : 'internal');
    if (!(error instanceof OAuthManagerError)) throw error;
  }
}

/** If the record is gone, the user was erased meanwhile (erasing waits for a poll, but not for ever): revokes the grant. */
async function keep(deps: Dependencies, parked: NewGrant): Promise<void> {
  const { intent, grant } = parked;
  let isWanted = false;
  try {
    isWanted = await removeDevice(deps, intent.connectId);
  } finally {
    if (!isWanted) await giveBack(deps, grant);
  }
  if (!isWanted) return;
  await parkGrant(deps, parked);
  const about = { ...aboutConnect(intent), connection_id: grant.connectionId };
  await recordAct(deps, { act: 'connect.finish', actor: system, ...about, outcome: 'ok' });
}

async function slowDown(deps: Dependencies, record: DeviceRecord, intervalMs: number): Promise<void> {
  await saveDevice(deps, { ...record, intervalMs, nextPollAt: deps.now() + intervalMs });
}

async function end(deps: Dependencies, { intent }: DeviceRecord, error: string): Promise<void> {
  await removeDevice(deps, intent.connectId);
  const outcome = error === 'access_denied' ? 'refused' : 'failed';
  await recordAct(deps, { act: 'connect.finish', actor: system, ...aboutConnect(intent), outcome, reason: error });
  await moveConnect(deps, intent, { status: { kind: 'failed', error } });
}

function reasonOf(error: OAuthManagerError): string {
  if (!(error instanceof GrantRefused)) return error.code;
  if (error.oauthError === 'expired_token') return 'expired';
  return error.oauthError === 'access_denied' ? 'access_denied' : 'provider_error';
}
