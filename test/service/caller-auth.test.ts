/** Who may call the API by a key of the configuration, and in which headers a credential may stand. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { Authenticate } from '../../routes/caller.js';
import { Secret } from '../../src/core/secret.js';
import { createCallerAuth } from '../../src/service/caller-auth.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { bearer, MemoryDocuments, reasonOf } from './caller-support.js';

const botSecret = 'bot-secret-bot-secret-bot-secret-0001';
let clock: ManualClock;
let documents: MemoryDocuments;

beforeEach(() => {
  clock = createManualClock(Date.now());
  documents = new MemoryDocuments();
});

describe('keys of the configuration', () => {
  const apiKeys = [
    { id: 'bot', role: 'bot' as const, secret: new Secret(botSecret), tenant: 'acme' },
    { id: 'ops', role: 'admin' as const, secret: new Secret(`${botSecret}-ops`), tenant: 'default' },
  ];
  let authenticate: Authenticate;

  beforeEach(() => {
    authenticate = createCallerAuth({ apiKeys, documents, now: clock.now });
  });

  it('takes the secret itself as bearer, in any letter case of the scheme (RFC 9110 11.1)', async () => {
    const expected = { id: 'bot', role: 'bot', tenant: 'acme' };
    expect(await authenticate(bearer(botSecret))).toMatchObject(expected);
    expect(await authenticate({ authorization: `bearer ${botSecret}` })).toMatchObject(expected);
    expect(await authenticate({ 'x-api-key': botSecret })).toMatchObject(expected);
    expect(documents.finds).toBe(0);
  });

  it.each([
    ['nothing', {}, 'credential_missing'],
    ['an empty header', { authorization: '' }, 'credential_missing'],
    ['the scheme alone', { authorization: 'Bearer' }, 'credential_missing'],
    ['another scheme', { authorization: `Basic ${botSecret}` }, 'credential_missing'],
    ['no scheme', { authorization: botSecret }, 'credential_missing'],
    ['two words', { authorization: `Bearer ${botSecret} x` }, 'credential_malformed'],
    ['two joined headers', { authorization: `Bearer ${botSecret}, Bearer ${botSecret}` }, 'credential_malformed'],
    ['both headers', { authorization: `Bearer ${botSecret}`, 'x-api-key': botSecret }, 'credential_twice'],
    ['an empty key', { 'x-api-key': '' }, 'credential_missing'],
    ['a secret cut short', bearer(botSecret.slice(0, -1)), 'credential_unknown'],
    ['a secret made longer', bearer(`${botSecret}x`), 'credential_unknown'],
    ['the id with the secret', bearer(`bot:${botSecret}`), 'credential_unknown'],
    ['other letter case', bearer(botSecret.toUpperCase()), 'credential_unknown'],
    ['9000 characters', bearer('x'.repeat(9000)), 'credential_malformed'],
  ])('refuses %s', async (_what, headers, reason) => {
    expect(await reasonOf(authenticate(headers))).toBe(reason);
  });

  it('says whether a credential was presented (RFC 6750 3.1)', async () => {
    await expect(authenticate({})).rejects.toMatchObject({ presented: false });
    await expect(authenticate(bearer('x'))).rejects.toMatchObject({ presented: true });
  });
});
