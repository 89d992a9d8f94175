/** Continue was pressed: link -> pending authorization -> authorization URL. */

import type { ConnectLink, PendingAuthorization } from '../core/connect.js';
import { Gone } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import type { Secret } from '../core/secret.js';
import type { StartedAuthorization } from '../core/views.js';
import { buildAuthorizationUrl, codeChallengeOf, createCodeVerifier } from '../protocol/authorization-request.js';
import { moveConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { digestOf, newOneTimeValue } from './one-time-values.js';
import { requireProvider } from './provider-of.js';
import { aboutConnect, browser, recordAct, recordRefusedBrowser } from './record-act.js';
import { redirectUriOf } from './redirect-uri.js';

/**
 * Spends the link and starts one authorization, bound to the browser that gets `browserSecret` as its cookie. Of any
 * number of callers with one link exactly one gets through.
 *
 * @throws {Gone} the link is used up, too old, or another provider's (then it stays good)
 */
export async function startAuthorization(
  deps: Dependencies,
  id: ProviderId,
  code: string,
): Promise<StartedAuthorization> {
  const configured = await requireProvider(deps, id);
  const peeked: ConnectLink | undefined = await deps.store.expiring.find('connect_link', code);
  if (peeked === undefined || peeked.intent.provider !== id) return refuse(deps, id, peeked);
  const provider = withParameters(configured, peeked.intent.parameters);
  const flow = { state: newOneTimeValue(), browserSecret: newOneTimeValue(), codeVerifier: createCodeVerifier() };
  const pending = pendingOf(deps, provider, { link: peeked, ...flow });
  // Saved before the link is spent: a store that fails in between leaves the person a link that still works.
  await deps.store.expiring.save('pending_authorization', flow.state.reveal(), pending, deps.settings.linkTtlMs);
  const link = await deps.store.expiring.take('connect_link', code);
  if (link === undefined) {
    await deps.store.expiring.remove('pending_authorization', flow.state.reveal());
    return refuse(deps, id, peeked);
  }
  const expiresAt = pending.startedAt + deps.settings.linkTtlMs;
  await moveConnect(deps, link.intent, { status: { kind: 'pending' }, expiresAt });
  await recordAct(deps, { act: 'connect.start', actor: browser, ...aboutConnect(link.intent), outcome: 'ok' });
  const authorizationUrl = buildAuthorizationUrl(provider, {
    state: flow.state,
    codeChallenge: await codeChallengeOf(flow.codeVerifier),
    redirectUri: pending.redirectUri,
    scope: link.intent.scope,
  });
  return { authorizationUrl, browserSecret: flow.browserSecret, expiresAt };
}

function pendingOf(
  deps: Dependencies,
  provider: Provider,
  flow: { link: ConnectLink; browserSecret: Secret; codeVerifier: Secret },
): PendingAuthorization {
  return {
    intent: flow.link.intent,
    codeVerifier: flow.codeVerifier,
    redirectUri: redirectUriOf(deps, provider.id),
    issuer: provider.issuer,
    browserHash: digestOf(flow.browserSecret.reveal()),
    startedAt: deps.now(),
  };
}

async function refuse(deps: Dependencies, provider: ProviderId, link: ConnectLink | undefined): Promise<never> {
  const error = new Gone('This link was used already or is too old. Ask for a new one in the chat.');
  await recordRefusedBrowser(deps, { act: 'connect.start', provider, intent: link?.intent }, error);
  throw error;
}
