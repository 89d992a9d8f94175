/** Whose token the guards give: as the context says, whatever kind of object it is. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initOAuthManager } from '../src/init-oauth-manager.js';
import type { OAuthManager } from '../src/open-manager.js';
import { requireOAuthToken, type TokenContext } from '../src/require-oauth-token.js';
import { withOAuthToken } from '../src/with-oauth-token.js';

let dataDir: string;
let manager: OAuthManager;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'valetkey-context-'));
  manager = await initOAuthManager({
    baseUrl: 'http://localhost:3000',
    encryptionKeys: `k:${Buffer.alloc(32, 1).toString('base64')}`,
    providers: { github: { client_id: 'id', client_secret: 'secret' } },
    dataDir,
    backgroundWork: false,
  });
  for (const tenant of ['default', 'acme'])
    for (const account of ['default', 'work'])
      await manager.storeToken('u', { provider: 'github', accessToken: `${tenant}/${account}`, account }, { tenant });
});
afterAll(async () => {
  await manager.close();
  await rm(dataDir, { recursive: true, force: true });
});

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
