/** The body with an access token, and what else a caller of the provider's API has to know. */

import { z } from 'zod';
import { epochSeconds, providerAccount } from './schemas.js';

const text = z.string();

/** A valid access token; `expires_at` is null if the provider gave no expiry. */
export const tokenAnswer = z.object({
  access_token: text,
  token_type: text,
  expires_at: epochSeconds.nullable(),
  scopes: z.array(text),
  provider: text,
  account: providerAccount,
  connection_id: text,
  parameters: z
    .record(text, text)
    .optional()
    .describe('What the API of some providers needs: `instance_url`, `realm_id`, `cloud_id`, `shop`.'),
  sites: z
    .array(z.object({ id: text, name: text.optional(), url: text.optional() }))
    .optional()
    .describe('At some providers: the places that the grant reaches. `parameters` of a connect chooses one.'),
});
