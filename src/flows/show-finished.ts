/** What the done page shows to the browser that finished. */

import type { ProviderId } from '../core/identifiers.js';
import type { FinishedView } from '../core/views.js';
import { describeChatLogin } from './chat-login.js';
import { viewOf } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { requireProvider } from './provider-of.js';

/** `undefined` when this browser has finished nothing with that provider, or too long ago. */
export async function describeFinished(
  deps: Dependencies,
  id: ProviderId,
  browserSecret: string,
): Promise<FinishedView | undefined> {
  const provider = await requireProvider(deps, id);
  const finished = await deps.store.expiring.find('finished_flow', browserSecret);
  if (finished === undefined || finished.intent.provider !== id) return undefined;
  const { intent, identity, returnCode } = finished;
  const connect = await deps.store.expiring.find('connect', intent.connectId);
  const view = connect && viewOf(connect, deps.now());
  const awaiting = view?.status === 'awaiting_proof';
  const { proofDeepLink, appVerifierUrl } = deps.settings;
  return {
    connectId: intent.connectId,
    provider: id,
    providerName: provider.displayName,
    providerIcon: provider.icon,
    chatIdentity: intent.chatIdentity,
    identity,
    status: view?.status ?? 'expired',
    proof: intent.proof,
    error: finished.error ?? view?.error,
    returnCode: awaiting ? returnCode : undefined,
    proofUntil: connect?.status.kind === 'awaiting_proof' ? connect.status.until : undefined,
    deepLink: awaiting && returnCode ? proofDeepLink?.replaceAll('{code}', returnCode.reveal()) : undefined,
    verifierUrl:
      awaiting && intent.proof === 'app_verifier' ? verifierUrl(appVerifierUrl, intent.connectId) : undefined,
    chatLogin: awaiting && intent.proof === 'chat_login' ? describeChatLogin(deps, intent) : undefined,
    returnTo: intent.returnTo,
  };
}

function verifierUrl(base: string | undefined, connectId: string): string | undefined {
  if (base === undefined) return undefined;
  const url = new URL(base);
  url.searchParams.set('connect_id', connectId);
  return url.href;
}
