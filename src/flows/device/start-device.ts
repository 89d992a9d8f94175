/** Connecting without a browser at hand: a code that the person types in on another device (RFC 8628). */

import { InvalidRequest } from '../../core/errors.js';
import { withParameters } from '../../core/provider-endpoints.js';
import type { StartedConnect } from '../../core/views.js';
import { startDeviceAuthorization } from '../../protocol/device-authorization.js';
import { type ConnectRequest, newConnectIntent, saveConnect } from '../connect-link.js';
import type { Dependencies } from '../dependencies.js';
import { withKnownParameters } from '../known-parameters.js';
import { httpOf, requireConnectable } from '../provider-of.js';
import { saveDevice } from './device-record.js';

/**
 * Starts a device authorization. From then on the background work asks the provider for its outcome.
 *
 * @throws {InvalidRequest} the provider offers no such way, or the proof cannot be had in it
 * @throws {ProviderError | ProviderUnavailable} the provider refuses, or does not answer
 */
export async function startDevice(deps: Dependencies, request: ConnectRequest): Promise<StartedConnect> {
  const configured = await requireConnectable(deps, request);
  if (configured.deviceAuthorizationEndpoint === undefined) {
    throw new InvalidRequest('method', 'is not offered by this provider');
  }
  const asked = newConnectIntent(deps, await withKnownParameters(deps, request, configured), configured);
  const provider = withParameters(configured, asked.parameters);
  const device = await startDeviceAuthorization(provider, { scope: asked.scope }, httpOf(deps, provider));
  const { expiresAt, intervalMs, deviceCode, userCode, verificationUri, verificationUriComplete } = device;
  const intent = { ...asked, expiresAt };
  await saveConnect(deps, intent);
  await saveDevice(deps, { intent, deviceCode, intervalMs, expiresAt, nextPollAt: deps.now() + intervalMs });
  return {
    connectId: intent.connectId,
    connectUrl: verificationUriComplete ?? verificationUri,
    expiresAt,
    proof: intent.proof,
    device: { userCode, verificationUri, verificationUriComplete, intervalMs },
  };
}
