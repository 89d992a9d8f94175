/** A long-lived token out of the configuration (source `static`). */

import { ProviderError } from '../../core/errors.js';
import type { Provider } from '../../core/provider.js';
import type { Secret } from '../../core/secret.js';
import type { TokenSource } from '../../core/token-source.js';
import { isRejected } from '../rejected-token.js';

/** Gives the configured token as it is. Having none, or one that was refused, is the operator's to mend. */
export function fixedToken(provider: Provider, accessToken: Secret | undefined): TokenSource {
  const fault = (problem: string) =>
    new ProviderError(`${provider.id} ${problem}: set its access_token.`, {
      provider: provider.id,
      misconfigured: true,
    });
  return {
    requiresSubjectToken: false,
    has: async () => accessToken !== undefined,
    resolve: async ({ rejectedTokenSha256 }) => {
      if (accessToken === undefined) throw fault('has no token');
      if (isRejected(accessToken, rejectedTokenSha256)) throw fault('has a token that is refused');
      return { accessToken, scope: provider.defaultScope };
    },
  };
}
