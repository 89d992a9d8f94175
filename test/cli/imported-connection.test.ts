/** What becomes of an imported connection: it is found, and looked after, as one that was connected here. */

import { expect, it, vi } from 'vitest';
import { createRegistry } from '../../providers/index.js';
import { defaultTenant, providerIdSchema } from '../../src/core/identifiers.js';
import { findByAccount } from '../../src/flows/shared-account.js';
import { openStore } from '../../src/open-store.js';
import { run } from '../support/command-line.js';
import { cleaning, operator, report, write } from '../support/operator-store.js';

it('may be of a provider that only its issuer can complete', async () => {
  const own = { client_id: 'c', issuer: 'https://id.example.com' };
  vi.stubEnv('PROVIDERS_FILE', write('providers.json', { providers: { acme: own } }));
  const path = write('in.jsonl', { user: 'U5', provider: 'acme', access_token: 't' });
  expect(report(await run(`import jsonl ${path} --json`))).toMatchObject({ created: 1, refused: [] });
});

it('is found by its account, and looked after when its refresh token nears its end', async () => {
  const token = { access_token: 't', refresh_token: 'r', refresh_expires_at: Date.now() / 1000 + 30 * 86_400 };
  const path = write('in.jsonl', { user: 'U6', provider: 'google', identity: { id: 'account-6' }, ...token });
  await run(`import jsonl ${path}`);
  const store = await openStore(operator);
  cleaning.push(() => store.close());
  const sought = { tenant: defaultTenant, provider: providerIdSchema.parse('google'), accountId: 'account-6' };
  const found = await findByAccount({ store, providers: createRegistry({}) }, sought);
  expect(found.map(({ connection }) => connection.userId)).toEqual(['U6']);
  const inFourWeeks = Date.now() + 28 * 86_400_000;
  expect(await store.due.claim(inFourWeeks, 10, 1000)).toMatchObject([{ stored: { connection: { userId: 'U6' } } }]);
});
