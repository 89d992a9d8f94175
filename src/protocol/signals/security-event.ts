/** Security event tokens (RFC 8417) as Google's Cross-Account Protection pushes them (RISC; RFC 8935). */

import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { ProviderUnavailable } from '../../core/errors.js';
import type { InboundSignal, SignalMeaning } from '../../core/signal.js';
import type { Http } from '../http.js';
import { nothing, refused } from './signed-body.js';

/** What ends authorizations; other events (verification, changes of credentials) end none by themselves. */
const endings = [
  'https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked',
  'https://schemas.openid.net/secevent/risc/event-type/account-disabled',
  'https://schemas.openid.net/secevent/risc/event-type/account-purged',
];
const eventSchema = z.object({
  subject: z.object({
    subject_type: z.enum(['iss_sub', 'iss-sub', 'id_token_claims']),
    iss: z.string(),
    sub: z.string(),
  }),
});
const eventsSchema = z.record(z.string(), z.unknown());

type Keys = ReturnType<typeof createRemoteJWKSet>;

/** Reads tokens of one issuer; its keys are kept, and asked for again when an unknown one signs, at most every 30 s. */
export function createEventReader({ issuer, jwksUri }: { issuer: string; jwksUri: string }, http: Http) {
  const fetchKeys = (url: string, init: RequestInit) => http.fetch(url, init);
  const keys: Keys = createRemoteJWKSet(new URL(jwksUri), { [customFetch]: fetchKeys });

  /**
   * @param audience our client id there
   * @throws {ProviderUnavailable} the issuer's keys cannot be had just now
   */
  return async ({ body }: InboundSignal, audience: string): Promise<SignalMeaning> => {
    const claims = await verifyToken(body.toString('latin1'), keys, { issuer, audience, now: http.now() });
    if (claims === undefined) return refused;
    const events = eventsSchema.safeParse(claims.events);
    if (!events.success) return nothing;
    const accountIds = endings.flatMap((type) => {
      const event = eventSchema.safeParse(Object.hasOwn(events.data, type) ? events.data[type] : undefined);
      return event.success && event.data.subject.iss === issuer ? [event.data.subject.sub] : [];
    });
    return { kind: 'ended', accountIds: [...new Set(accountIds)] };
  };
}

/** No 200, or no JSON; JSON that is no key set. A token that is refused for that is not sent again. */
const aboutTheKeySet: ReadonlySet<string> = new Set(['ERR_JOSE_GENERIC', errors.JWKSInvalid.code]);

/** A security event token has no `exp`: it tells of something that has happened (RFC 8417 section 2.2). */
async function verifyToken(
  text: string,
  keys: Keys,
  { issuer, audience, now }: { readonly issuer: string; readonly audience: string; readonly now: number },
): Promise<Record<string, unknown> | undefined> {
  try {
    const options = {
      issuer,
      audience,
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'jti'],
      currentDate: new Date(now),
    };
    return (await jwtVerify(text.trim(), keys, options)).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError && !aboutTheKeySet.has(error.code)) return undefined;
    throw new ProviderUnavailable('The keys of the event issuer cannot be had.', { provider: issuer, reached: 'no' });
  }
}
