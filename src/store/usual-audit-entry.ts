/**
 * Knows the usual entry of the audit trail: a caller of the API got a token. It decides nothing: whatever is not exactly
 * of that form is for the schema to judge, which takes 4.7 µs of each answer where this takes 0.4.
 */

import type { AuditEntry } from '../core/audit.js';
import { isPlainUserId, isProviderId, isTenantId } from '../core/identifiers.js';

/** The entry with the fields that it has and no others; `undefined` when it is not of that form. */
export function usualAuditEntry(entry: AuditEntry): AuditEntry | undefined {
  const { at, tenant, act, actor, user, provider, account, connection_id, outcome } = entry;
  const { reason, request_id, address, object, token_digest } = entry;
  if (act !== 'token.issue' || outcome !== 'ok' || account !== undefined) return undefined;
  if (reason !== undefined || object !== undefined || actor.kind !== 'caller') return undefined;
  const hasNames = isTenantId(tenant) && isPlainUserId(user) && isProviderId(provider);
  const isFrom = isShort(actor.id, 256) && isShort(request_id, 64) && isShort(address, 64);
  if (!hasNames || !isFrom || !isShort(connection_id, 128) || !isDigest(token_digest)) return undefined;
  if (!Number.isSafeInteger(at) || at < 0) return undefined;
  const { kind, id } = actor;
  return {
    at,
    tenant,
    act,
    actor: { kind, id },
    user,
    provider,
    connection_id,
    outcome,
    request_id,
    address,
    token_digest,
  };
}

function isShort(text: unknown, most: number): text is string {
  return typeof text === 'string' && text.length <= most;
}

function isDigest(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{12}$/.test(text);
}
