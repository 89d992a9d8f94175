/** A tenant that the operator names. */

import { type TenantId, tenantIdSchema } from '../core/identifiers.js';
import { WrongCommandLine } from './exit.js';

/** The value of `--tenant`. @throws {WrongCommandLine} no tenant can have that name */
export function parseTenant(text: string): TenantId {
  const { data } = tenantIdSchema.safeParse(text);
  if (data === undefined) throw new WrongCommandLine('--tenant: is not of the form that is expected.');
  return data;
}
