/** Parses what callers of the library and of the API name: a fault is theirs, and names the field. */

import type { z } from 'zod';
import { InvalidRequest } from './errors.js';
import {
  type AccountLabel,
  accountLabelSchema,
  defaultTenant,
  type Owner,
  type ProviderId,
  providerIdSchema,
  tenantIdSchema,
  userIdSchema,
} from './identifiers.js';

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
    tenant: tenant === undefined ? defaultTenant : parseInput(tenantIdSchema, 'tenant', tenant),
    userId: parseInput(userIdSchema, 'user', userId),
  };
}

export function parseProviderId(provider: string): ProviderId {
  return parseInput(providerIdSchema, 'provider', provider);
}

export function parseAccount(account: string | undefined): AccountLabel | undefined {
  return account === undefined ? undefined : parseInput(accountLabelSchema, 'account', account);
}
