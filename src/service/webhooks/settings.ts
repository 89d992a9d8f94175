/** Where webhooks go and with which secrets they are signed. */

import { z } from 'zod';
import { queriedUrlSchema } from '../../core/public-address.js';
import { Secret } from '../../core/secret.js';
import type { EnvironmentReader } from '../environment.js';

/** One receiver for all tenants. */
export interface WebhookConfig {
  readonly url: string;
  /** Every one of them signs, so that a receiver can switch to a new one in its own time. */
  readonly secrets: readonly Secret[];
}

/** Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes. */
const secretSchema = z
  .string()
  .trim()
  .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, 'each must be whsec_ and base64')
  .transform((text) => Buffer.from(text.slice('whsec_'.length), 'base64'))
  .refine((bytes) => bytes.length >= 24 && bytes.length <= 64, 'each must hold 24 to 64 bytes')
  .transform((bytes) => new Secret(bytes.toString('base64')));

const secretsSchema = z
  .string()
  .transform((text) => text.split(',').filter((part) => part.trim() !== ''))
  .pipe(z.array(secretSchema).min(1, 'holds no secret'));

/** Both variables or neither. */
export function readWebhooks(reader: EnvironmentReader): WebhookConfig | undefined {
  // A query is allowed, as receivers such as Azure Functions identify callers by a key in it.
  const url = reader.readSecret('WEBHOOK_URL', queriedUrlSchema);
  const secrets = reader.readSecret('WEBHOOK_SECRETS', secretsSchema);
  if (reader.has('WEBHOOK_URL') && !reader.has('WEBHOOK_SECRETS')) {
    reader.fault('WEBHOOK_SECRETS', 'is required with WEBHOOK_URL');
  }
  if (reader.has('WEBHOOK_SECRETS') && !reader.has('WEBHOOK_URL')) {
    reader.fault('WEBHOOK_URL', 'is required with WEBHOOK_SECRETS');
  }
  return url === undefined || secrets === undefined ? undefined : { url, secrets };
}
