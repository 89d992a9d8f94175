/** Parses what callers of the library and of the API name: a fault is theirs, and names the field. */

import type { z } from 'zod';
import { InvalidRequest } from './errors.js';
import {
  type AccountLabel,
  accountLabelSchema,
  defaultTenant,
  internalTenant,
  isPlainUserId,
  isProviderId,
  isTenantId,
  type Owner,
  type ProviderId,
  providerIdSchema,
  type TenantId,
  tenantIdSchema,
  userIdSchema,
} from './identifiers.js';
import { isScopeToken, type Scope } from './scope.js';

/**
 * Parses one input.
 *
 * @throws {InvalidRequest} naming the field; the value is not repeated
 */
export function parseInput<S extends z.ZodType>(schema: S, field: string, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidRequest(field, parsed.error.issues[0]?.message ?? 'is not valid');
}

/** A user of a tenant; the tenant is `default` unless the caller's credential says otherwise. */
export function parseOwner(userId: string, tenant: string | undefined): Owner {
  return {
    tenant: parseTenant(tenant),
    userId: isPlainUserId(userId) ? userId : parseInput(userIdSchema, 'user', userId),
  };
}

/**
 * A caller's tenant; `default` if absent.
 *
 * @throws {InvalidRequest} also for the one under which the service keeps grants of its own
 */
export function parseTenant(tenant: string | undefined): TenantId {
  if (tenant === undefined) return defaultTenant;
  if (tenant === internalTenant) throw new InvalidRequest('tenant', 'is reserved');
  return isTenantId(tenant) ? tenant : parseInput(tenantIdSchema, 'tenant', tenant);
}

/** A caller's name for a provider; whether there is such a one is not asked. @throws {InvalidRequest} */
export function parseProviderId(provider: string): ProviderId {
  return isProviderId(provider) ? provider : parseInput(providerIdSchema, 'provider', provider);
}

/** A caller's label of an account; `undefined` stays so. @throws {InvalidRequest} */
export function parseAccount(account: string | undefined): AccountLabel | undefined {
  return account === undefined ? undefined : parseInput(accountLabelSchema, 'account', account);
}

/** Scopes in a list; `undefined` stays so. A text would be taken for a list of its characters. @throws {InvalidRequest} */
export function parseScopes<S extends Scope | undefined>(scopes: S): S {
  const isList = Array.isArray(scopes) && scopes.every((token) => typeof token === 'string' && isScopeToken(token));
  if (scopes === undefined || isList) return scopes;
  throw new InvalidRequest('scopes', 'must be a list of scope tokens of RFC 6749 section 3.3');
}

/** What is compared or looked up as it stands: a code, the id of a connect. @throws {InvalidRequest} */
export function parseText(field: string, text: string): string {
  if (typeof text === 'string') return text;
  throw new InvalidRequest(field, 'must be text');
}
