/**
 * Recognises the usual entries of the audit trail: a caller of the API got a token, a refresh succeeded. It decides nothing:
 * the schema checks whatever is not exactly of such a form, and takes 4.7 µs of each answer where this takes 0.4.
 */

import type { AuditEntry } from '../core/audit.js';
import { defaultAccount, isPlainUserId, isProviderId, isTenantId } from '../core/identifiers.js';

/** The entry with exactly the fields that it has; `undefined` when it is of neither form. */
export function usualAuditEntry(entry: AuditEntry): AuditEntry | undefined {
  const { at, tenant, user, provider, connection_id, outcome, reason, object } = entry;
  if (outcome !== 'ok' || reason !== undefined || object !== undefined) return undefined;
  const hasNames = isTenantId(tenant) && isPlainUserId(user) && isProviderId(provider);
  if (!hasNames || !isShort(connection_id, 128) || !Number.isSafeInteger(at) || at < 0) return undefined;
  return entry.act === 'refresh' ? usualRefresh(entry) : usualIssue(entry);
}

function usualIssue(entry: AuditEntry): AuditEntry | undefined {
  const { at, tenant, act, actor, user, provider, account, connection_id, outcome } = entry;
  const { request_id, address, token_digest } = entry;
  if (act !== 'token.issue' || account !== undefined || actor.kind !== 'caller') return undefined;
  const isFrom = isShort(actor.id, 256) && isShort(request_id, 64) && isShort(address, 64);
  if (!isFrom || !isDigest(token_digest)) return undefined;
  const { kind, id, credential } = actor;
  if (credential !== undefined && credential !== 'jwt') return undefined;
  return {
    at,
    tenant,
    act,
    actor: credential === undefined ? { kind, id } : { kind, id, credential },
    user,
    provider,
    connection_id,
    outcome,
    request_id,
    address,
    token_digest,
  };
}

/** For the default account, and without a request id: entries with one are a small part. */
function usualRefresh(entry: AuditEntry): AuditEntry | undefined {
  const { at, tenant, act, actor, user, provider, account, connection_id, outcome } = entry;
  const { request_id, address, token_digest } = entry;
  if (account !== defaultAccount || actor.kind !== 'system' || !isShort(actor.id, 256)) return undefined;
  if (request_id !== undefined || address !== undefined || token_digest !== undefined) return undefined;
  const { kind, id, credential } = actor;
  if (credential !== undefined) return undefined;
  return { at, tenant, act, actor: { kind, id }, user, provider, account, connection_id, outcome };
}

function isShort(text: unknown, most: number): text is string {
  return typeof text === 'string' && text.length <= most;
}

function isDigest(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{12}$/.test(text);
}
