/**
 * Keeps the id of a connect from the person who asked for it, where the host's own session is the proof (`app_verifier`).
 *
 * Whoever knows the id can open the verifier's page with it, and be confirmed there, after somebody else has finished the
 * flow with the link that was sent to him (threat L1). The finishing browser alone is to bring it to the host.
 */

import { OAuthNotConnected } from '../src/core/errors.js';
import type { StartedConnect } from '../src/core/views.js';
import type { Caller } from './caller.js';

/** Stands where the id is not told. */
const untold = '';

/** A connect as its caller may know it. Of a device there is no browser: the host has to be told which one to judge. */
export function toldTo({ role }: Caller, started: StartedConnect): StartedConnect {
  const isSecret = role === 'user' && started.proof === 'app_verifier' && started.device === undefined;
  return isSecret ? { ...started, connectId: untold } : started;
}

/** Does what may end with a link, and tells of that no more than {@link toldTo}. */
export async function tellingTo<T>({ role }: Caller, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isSecret = role === 'user' && error instanceof OAuthNotConnected && error.proof === 'app_verifier';
    if (!isSecret) throw error;
    const { provider, reason, connectUrl, missingScopes, paused, proof } = error;
    throw new OAuthNotConnected({ provider, reason, connectUrl, connectId: untold, missingScopes, paused, proof });
  }
}
