/** The device authorization grant: the person types a code on another device (RFC 8628). */

import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { GrantRefused, ProviderError } from '../core/errors.js';
import type { JsonObject, Provider } from '../core/provider.js';
import type { Scope } from '../core/scope.js';
import { Secret } from '../core/secret.js';
import { clientAuthenticationOf } from './client-authentication.js';
import { parseBody, parseSeconds } from './dialects.js';
import { clientOf, optionsOf, serverOf } from './engine.js';
import type { Http } from './http.js';
import { refusalOf, wrapFailure } from './refusals.js';
import { redeemConsent, scopeParameter, type TokenResponse } from './token-endpoint.js';

const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** What the person is told, and what we poll with. */
export interface DeviceAuthorization {
  readonly deviceCode: Secret;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  /** Least time between two polls, ms. */
  readonly intervalMs: number;
}

/** How a poll ended: `slow_down` adds 5 s to the interval for good (RFC 8628 3.5). */
export type DevicePoll =
  | { readonly kind: 'granted'; readonly response: TokenResponse }
  | { readonly kind: 'pending' }
  | { readonly kind: 'slow_down' };

const responseSchema = z.object({
  device_code: z.string().min(1),
  user_code: z.string().min(1).max(64),
  verification_uri: z.url({ protocol: /^https?$/ }),
  verification_uri_complete: z.url({ protocol: /^https?$/ }).optional(),
  interval: z.coerce.number().positive().default(5),
});

/**
 * Starts a device authorization.
 *
 * @throws ProviderError it refuses us, or its answer cannot be read; ProviderUnavailable no answer now
 * @see RFC 8628 sections 3.1, 3.2
 */
export async function startDeviceAuthorization(
  provider: Provider,
  request: { scope: Scope },
  http: Http,
): Promise<DeviceAuthorization> {
  const askedAt = http.now();
  try {
    const response = await oauth.deviceAuthorizationRequest(
      serverOf(provider),
      clientOf(provider),
      clientAuthenticationOf(provider, http.now),
      { ...scopeParameter(provider, request.scope), ...(provider.resource && { resource: provider.resource }) },
      optionsOf(provider, http),
    );
    const { status, headers } = response;
    const body = parseBody(await response.text(), headers.get('content-type') ?? '');
    const read = responseSchema.safeParse(standard(body));
    if (status === 200 && read.success) return toAuthorization(read.data, body, askedAt);
    throw refusalOf(
      provider,
      { status, headers, body, tokenResponse: undefined, lifetime: { kind: 'absent' } },
      http.now(),
    );
  } catch (error) {
    throw wrapFailure(provider, error);
  }
}

/** Google says `verification_url`. */
function standard(body: JsonObject | undefined): JsonObject {
  return { ...body, verification_uri: body?.verification_uri ?? body?.verification_url };
}

function toAuthorization(
  read: z.infer<typeof responseSchema>,
  body: JsonObject | undefined,
  askedAt: number,
): DeviceAuthorization {
  const lifetime = parseSeconds(body?.expires_in);
  // RFC 8628 requires expires_in; without it 5 minutes are less than any server gives.
  const seconds = lifetime.kind === 'seconds' ? lifetime.seconds : 300;
  return {
    deviceCode: new Secret(read.device_code),
    userCode: read.user_code,
    verificationUri: read.verification_uri,
    ...(read.verification_uri_complete && { verificationUriComplete: read.verification_uri_complete }),
    expiresAt: Math.floor(askedAt + seconds * 1000),
    intervalMs: read.interval * 1000,
  };
}

/**
 * Asks once whether the person has approved. The caller keeps the interval.
 *
 * @throws GrantRefused the person has denied, or the code is too old; ProviderError, ProviderUnavailable as ever
 * @see RFC 8628 sections 3.4, 3.5
 */
export async function pollDeviceToken(
  provider: Provider,
  request: { deviceCode: Secret; requestedScope: Scope },
  http: Http,
): Promise<DevicePoll> {
  const parameters = { device_code: request.deviceCode.reveal() };
  const consent = { grantType: deviceCodeGrant, parameters, requestedScope: request.requestedScope };
  try {
    return { kind: 'granted', response: await redeemConsent(provider, consent, http) };
  } catch (error) {
    return readRefusal(error);
  }
}

function readRefusal(error: unknown): DevicePoll {
  if (!(error instanceof ProviderError) || error.oauthError === undefined) throw error;
  const { provider, status = 400, oauthError } = error;
  if (oauthError === 'authorization_pending') return { kind: 'pending' };
  if (oauthError === 'slow_down') return { kind: 'slow_down' };
  if (oauthError === 'access_denied' || oauthError === 'expired_token') {
    throw new GrantRefused({ provider, status, oauthError });
  }
  throw error;
}
