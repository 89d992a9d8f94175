/** Several accounts of one person at one provider of the catalogue, connected as a browser would. */

import type { ProviderEntry } from '../../providers/index.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import type { ScriptedServer } from './scripted-server.js';

/** An entry from a template of the catalogue, with all endpoints at a scripted server. */
export function templateAt(url: string, template: string): ProviderEntry {
  return {
    template,
    client_id: 'c',
    client_secret: 's',
    token_endpoint: `${url}/token`,
    userinfo_endpoint: `${url}/userinfo`,
    revocation_endpoint: `${url}/revoke`,
  };
}

/** One account, and what the server answers about it. */
export interface ConnectedAccount {
  readonly account: string;
  /** Its id at the provider. */
  readonly id: string;
  readonly scopes?: readonly string[];
  /** `here` by default. */
  readonly provider?: string;
  /** Further fields of the token response, which has `at-<account>`, `rt-<account>` and a lifetime of an hour. */
  readonly answer?: object;
}

/** Connects them one after the other, without proof, as accounts of `user`. */
export async function connectAccounts(
  { manager, server }: { readonly manager: OAuthManager; readonly server: ScriptedServer },
  user: string,
  accounts: readonly ConnectedAccount[],
): Promise<void> {
  server.answer('/revoke', { status: 200 });
  for (const { account, id, scopes, answer, provider = 'here' } of accounts) {
    const json = { access_token: `at-${account}`, refresh_token: `rt-${account}`, expires_in: 3600, ...answer };
    server.answer('/token', { json });
    server.answer('/userinfo', { json: { sub: id, id, user_id: id, email: `${id}@example.com` } });
    const code = await manager.createLinkCode(user, provider, { account, scopes });
    const { authorizationUrl, browserSecret } = await manager.startAuthorization(provider, code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    await manager.finishAuthorization(provider, new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
  }
}
