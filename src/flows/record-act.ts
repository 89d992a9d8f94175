/** Writes what the journeys do by themselves into the audit trail; what callers of the API do is written there. */

import { type AuditAct, type AuditActor, type AuditEntry, tokenDigestOf } from '../core/audit.js';
import type { ConnectIntent } from '../core/connect.js';
import type { Connection } from '../core/connection.js';
import { Gone, InvalidRequest, OAuthManagerError, OAuthNotConnected } from '../core/errors.js';
import { defaultTenant, type ProviderId } from '../core/identifiers.js';
import type { AccessToken } from '../core/views.js';
import type { Dependencies } from './dependencies.js';

/** The service by itself: refreshing, and ending what nobody proved. */
export const system: AuditActor = { kind: 'system', id: 'valetkey' };

/** Whoever sits at the browser of a connect: not yet shown to be anybody. */
export const browser: AuditActor = { kind: 'person', id: 'browser' };

/** An entry without its time, which is set here. */
export type Act = Omit<AuditEntry, 'at'>;

/** An entry without act and outcome. */
export type About = Omit<Act, 'act' | 'outcome'>;

/**
 * Appends to the trail. A failure is logged and undoes nothing: the act has already happened, and a rotated refresh token
 * must be kept in any case. Handing out a token is another matter; see `routes/audit.ts`.
 */
export async function recordAct(deps: Dependencies, act: Act): Promise<void> {
  try {
    await deps.store.audit.append(entryOf(act, deps));
  } catch {
    deps.log.error({ act: act.act, outcome: act.outcome }, 'an entry of the audit trail could not be written');
  }
}

/** Appends what is about to be handed out. @throws {StoreUnavailable} then it must not be */
export async function recordHandingOut({ store, now }: Dependencies, act: Omit<Act, 'outcome'>): Promise<void> {
  await store.audit.append({ at: now(), ...act, outcome: 'ok' });
}

/** Appends that a token is about to be handed out, or that there was none. @throws {StoreUnavailable} it must not be */
export async function recordIssued(deps: Dependencies, who: About, token: AccessToken | undefined): Promise<void> {
  if (token === undefined) {
    await recordAct(deps, { act: 'token.issue', ...who, outcome: 'refused', reason: 'not_connected' });
    return;
  }
  const { provider, connectionId: connection_id, accessToken } = token;
  const token_digest = tokenDigestOf(accessToken.reveal());
  await recordHandingOut(deps, { act: 'token.issue', ...who, provider, connection_id, token_digest });
}

/**
 * Appends why there is no token in process: with `auditTokens`, and always where a connect link was handed out instead.
 * Never throws.
 */
export async function recordNotIssued(deps: Dependencies, who: () => About, error: unknown): Promise<void> {
  if (error instanceof OAuthNotConnected) {
    const { provider, connectId: object } = error;
    await recordAct(deps, refusalOf('token.issue', { ...who(), provider, object }, error));
  } else if (deps.settings.auditTokens === true) await recordAct(deps, refusalOf('token.issue', who(), error));
}

/** The entry of an act that ended with an error: `refused` is for the user or the caller to mend, `failed` is not. */
export function refusalOf(act: AuditAct, what: About, error: unknown): Act {
  const unknownFault = { code: 'internal', whoMustAct: 'nobody' };
  const { code, whoMustAct } = error instanceof OAuthManagerError ? error : unknownFault;
  const outcome = whoMustAct === 'user' || whoMustAct === 'caller' ? 'refused' : 'failed';
  return { act, ...what, outcome, reason: code };
}

/** Field by field: beside a spread each takes 0.9 µs. */
function entryOf(of: Act, { now, origin }: Dependencies): AuditEntry {
  const { act, actor, tenant, user, provider, account, connection_id, outcome, object, token_digest } = of;
  const { request_id = origin?.request_id, address = origin?.address } = of;
  const reason = of.reason?.slice(0, 200);
  return {
    at: now(),
    tenant,
    act,
    actor,
    user,
    provider,
    account,
    connection_id,
    outcome,
    reason,
    request_id,
    address,
    object,
    token_digest,
  };
}

/** The part of an entry that says which connection it is about. */
export function aboutConnection(
  connection: Pick<Connection, 'tenant' | 'userId' | 'provider' | 'account' | 'connectionId'>,
) {
  const { tenant, userId: user, provider, account, connectionId: connection_id } = connection;
  return { tenant, user, provider, account, connection_id };
}

/** The part of an entry that says which connect it is about. */
export function aboutConnect({ tenant, userId: user, provider, account, connectId }: ConnectIntent) {
  return { tenant, user, provider, account, object: connectId };
}

/**
 * Records that a browser brought something that is not its own, or is over: the reason names the field, never its value.
 * Other errors are not recorded here. Without a known connect the entry goes to the tenant `default`.
 */
export async function recordRefusedBrowser(
  deps: Dependencies,
  about: Pick<Act, 'act'> & { readonly provider?: ProviderId; readonly intent?: ConnectIntent | undefined },
  error: unknown,
): Promise<void> {
  const { act, provider, intent } = about;
  if (!(error instanceof InvalidRequest || error instanceof Gone)) return;
  const reason = error instanceof InvalidRequest ? `${error.code}: ${error.field}` : error.code;
  const whom = intent === undefined ? { tenant: defaultTenant, provider } : aboutConnect(intent);
  await recordAct(deps, { act, actor: browser, ...whom, outcome: 'refused', reason });
}
