/** A tenant as an operator names it. */

import { type TenantId, tenantIdSchema } from '../core/identifiers.js';
import { CommandFailed } from './exit.js';

/** What `--tenant` holds. @throws {CommandFailed} nobody can have that name */
export function parseTenant(text: string): TenantId {
  const { data } = tenantIdSchema.safeParse(text);
  if (data === undefined) throw new CommandFailed('--tenant: is not of the form that is expected.');
  return data;
}
