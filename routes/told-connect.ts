/**
 * Withholds the id of a connect from the person who asked for it, if the host's own session is the proof (`app_verifier`).
 *
 * Somebody who knows the id could send the link to another person and, once that person has finished the flow, open the
 * verifier's page with the id and be confirmed there (threat L1). Only the browser that finished must bring it to the host.
 */

import { OAuthNotConnected } from '../src/core/errors.js';
import type { StartedConnect } from '../src/core/views.js';
import type { Caller } from './caller.js';

/** Replaces the id where it is withheld. */
const untold = '';

/** A connect as its caller may know it. With a device the id is not withheld: no browser could bring it to the host. */
export function toldTo({ role }: Caller, started: StartedConnect): StartedConnect {
  const isSecret = role === 'user' && started.proof === 'app_verifier' && started.device === undefined;
  return isSecret ? { ...started, connectId: untold } : started;
}

/** Runs `work`; if it throws with a link to connect, withholds the same as {@link toldTo}. */
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
