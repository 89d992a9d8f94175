/** A tenant as an operator names it. */

import { type TenantId, tenantIdSchema } from '../core/identifiers.js';
import { WrongCommandLine } from './exit.js';

/** What `--tenant` holds. @throws {WrongCommandLine} nobody can have that name */
export function parseTenant(text: string): TenantId {
  const { data } = tenantIdSchema.safeParse(text);
  if (data === undefined) throw new WrongCommandLine('--tenant: is not of the form that is expected.');
  return data;
}
