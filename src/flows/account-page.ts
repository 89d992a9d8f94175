/** Who is looking at the account page: a one-time link from the chat, then a session kept here. */

import { Gone } from '../core/errors.js';
import type { Owner } from '../core/identifiers.js';
import type { Secret } from '../core/secret.js';
import type { SessionView } from '../core/views.js';
import type { Dependencies } from './dependencies.js';
import { newOneTimeValue } from './one-time-values.js';
import { recordRefusedBrowser } from './record-act.js';

const idleMs = 30 * 60_000;
const absoluteMs = 10 * 3_600_000;

/** Mints a one-time link to the owner's account page. The URL is a bearer secret. */
export async function createAccountLink(deps: Dependencies, owner: Owner): Promise<{ url: string; expiresAt: number }> {
  const code = newOneTimeValue();
  const createdAt = deps.now();
  const { baseUrl, linkTtlMs } = deps.settings;
  await deps.store.expiring.save('account_link', code.reveal(), { ...owner, createdAt }, linkTtlMs);
  return { url: `${baseUrl}/connections/enter?link=${code.reveal()}`, expiresAt: createdAt + linkTtlMs };
}

/** Whose account page the link opens; reading it changes nothing. */
export async function describeAccountLink(deps: Dependencies, code: string): Promise<Owner | undefined> {
  const link = await deps.store.expiring.find('account_link', code);
  return link && { tenant: link.tenant, userId: link.userId };
}

/**
 * Spends the link and begins a session with values that no browser has seen before.
 *
 * @throws {Gone} the link is used up or too old
 */
export async function redeemAccountLink(
  deps: Dependencies,
  code: string,
): Promise<{ sessionSecret: Secret; session: SessionView }> {
  const link = await deps.store.expiring.take('account_link', code);
  if (link === undefined) {
    const error = new Gone('This link was used already or is too old. Ask for a new one in the chat.');
    await recordRefusedBrowser(deps, { act: 'account_link.redeem' }, error);
    throw error;
  }
  const startedAt = deps.now();
  const sessionSecret = newOneTimeValue();
  const { tenant, userId } = link;
  const session = { tenant, userId, csrfToken: newOneTimeValue(), startedAt, endsAt: startedAt + absoluteMs };
  await deps.store.expiring.save('browser_session', sessionSecret.reveal(), session, idleMs);
  return { sessionSecret, session };
}

/** The session behind a cookie; looking prolongs its idle time, never its absolute one. */
export async function findSession(deps: Dependencies, sessionSecret: string): Promise<SessionView | undefined> {
  const session = await deps.store.expiring.find('browser_session', sessionSecret);
  if (session === undefined) return undefined;
  const left = session.endsAt - deps.now();
  if (left <= 0) return undefined;
  const stillThere = await deps.store.expiring.prolong('browser_session', sessionSecret, Math.min(idleMs, left));
  return stillThere ? session : undefined;
}

/** Ends the session here, whatever the browser keeps. */
export async function endSession(deps: Dependencies, sessionSecret: string): Promise<void> {
  await deps.store.expiring.remove('browser_session', sessionSecret);
}
