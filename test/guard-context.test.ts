/** Whose token the guards give: as the context says, whatever kind of object it is. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { initOAuthManager } from '../src/init-oauth-manager.js';
import { requireOAuthToken, type TokenContext } from '../src/require-oauth-token.js';
import { withOAuthToken } from '../src/with-oauth-token.js';
import { localManagerOptions } from './support/local-manager.js';

const manager = await initOAuthManager(localManagerOptions());
beforeAll(async () => {
  for (const tenant of ['default', 'acme'])
    for (const account of ['default', 'work'])
      await manager.storeToken('u', { provider: 'github', accessToken: `${tenant}/${account}`, account }, { tenant });
});
afterAll(() => manager.close());

/** As frameworks make them: each field a getter, none of them its own. */
class HostContext {
  get userId() {
    return 'u';
  }
  get tenant() {
    return 'acme';
  }
  get account() {
    return 'work';
  }
}

it.each<[string, (context: TokenContext) => Promise<string>]>([
  ['requireOAuthToken', (context) => requireOAuthToken(context, 'github')],
  ['withOAuthToken', (context) => withOAuthToken(context, 'github', (token) => token)],
])('%s heeds getters, the tenant above all, and ignores what else there is', async (_name, guard) => {
  expect(await guard(new HostContext())).toBe('acme/work');
  expect(await guard(Object.assign(new HostContext(), { scope: 'theirs', options: null }))).toBe('acme/work');
  expect(await guard({ userId: 'u' })).toBe('default/default');
});
