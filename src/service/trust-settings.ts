/** Rate limits, the audit trail, and what to do when a reconnect brings another account. */

import { usualLimits } from '../../routes/rate-limit.js';
import { accountPolicySchema, daysSchema, perMinuteSchema, switchSchema } from './config-schema.js';
import type { EnvironmentReader } from './environment.js';

/** Durations are ms; limits are per minute, 0 = none. */
export interface TrustConfig {
  readonly audit: { readonly keepMs: number; readonly failOpen: boolean };
  readonly limits: { readonly perCaller: number; readonly perBrowserAddress: number };
  readonly accountPolicy: 'warn' | 'deny';
}

/** Reads these variables. */
export function readTrust(reader: EnvironmentReader): TrustConfig {
  return {
    audit: {
      keepMs: reader.read('AUDIT_RETENTION_DAYS', daysSchema) ?? 90 * 86_400_000,
      failOpen: reader.read('AUDIT_FAIL_OPEN', switchSchema) ?? false,
    },
    limits: {
      perCaller: reader.read('RATE_LIMIT_PER_MINUTE', perMinuteSchema) ?? usualLimits.perCaller,
      perBrowserAddress: reader.read('RATE_LIMIT_BROWSER_PER_MINUTE', perMinuteSchema) ?? usualLimits.perBrowserAddress,
    },
    accountPolicy: reader.read('ACCOUNT_POLICY', accountPolicySchema) ?? 'warn',
  };
}
