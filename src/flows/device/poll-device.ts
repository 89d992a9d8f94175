/** Asks a provider once what became of a device authorization, and sees to what it says. */

import { GrantRefused, OAuthManagerError, ProviderUnavailable } from '../../core/errors.js';
import { withParameters } from '../../core/provider-endpoints.js';
import { type DevicePoll, pollDeviceToken } from '../../protocol/device-authorization.js';
import { moveConnect } from '../connect-progress.js';
import type { Dependencies } from '../dependencies.js';
import { newGrant } from '../new-grant.js';
import { parkGrant } from '../park-grant.js';
import { httpOf, requireProvider } from '../provider-of.js';
import { aboutConnect, recordAct, system } from '../record-act.js';
import { type DeviceRecord, findDevice, holdDevice, removeDevice, saveDevice } from './device-record.js';

/** RFC 8628 section 3.5: what `slow_down` adds, for good. */
const slowDownMs = 5_000;
const longestIntervalMs = 60_000;

/** Polls if it is time and nobody else does. Never rejects for what the provider says. */
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

/** Whether there is something to do about it now. */
export function isDue(deps: Dependencies, { nextPollAt, expiresAt }: DeviceRecord): boolean {
  return deps.now() >= Math.min(nextPollAt, expiresAt);
}

async function ask(deps: Dependencies, record: DeviceRecord): Promise<void> {
  try {
    const configured = await requireProvider(deps, record.intent.provider);
    const provider = withParameters(configured, record.intent.parameters);
    const request = { deviceCode: record.deviceCode, requestedScope: record.intent.scope };
    const poll = await pollDeviceToken(provider, request, httpOf(deps, provider));
    if (poll.kind === 'slow_down') await slowDown(deps, record, record.intervalMs + slowDownMs);
    if (poll.kind === 'granted') await granted(deps, record, poll);
  } catch (error) {
    if (!(error instanceof OAuthManagerError)) throw error;
    // RFC 8628 section 3.5: on a time-out, less often.
    if (error instanceof ProviderUnavailable) {
      return slowDown(deps, record, Math.min(record.intervalMs * 2, longestIntervalMs));
    }
    await end(deps, record, reasonOf(error));
  }
}

async function granted(
  deps: Dependencies,
  record: DeviceRecord,
  { response }: Extract<DevicePoll, { kind: 'granted' }>,
): Promise<void> {
  const { intent } = record;
  const configured = await requireProvider(deps, intent.provider);
  const provider = withParameters(configured, intent.parameters);
  const grant = await newGrant(deps, provider, { intent, response });
  await removeDevice(deps, intent.connectId);
  await parkGrant(deps, { intent, grant });
  await recordAct(deps, {
    act: 'connect.finish',
    actor: system,
    ...aboutConnect(intent),
    outcome: 'ok',
    connection_id: grant.connectionId,
  });
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
