import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tenantIdSchema } from '../../src/core/identifiers.js';
import { Bot } from '../support/bot.js';
import { Person } from '../support/person.js';
import { makePlace, openService, secrets, storeKinds } from '../support/service.js';
import { startRelayedProvider } from '../support/token-relay.js';

const pageSchema = z.object({ entries: z.array(z.record(z.string(), z.unknown())), next: z.string().nullable() });
const user = 'slack:T1:U2';
const adminKey = 'journey-admin-key-journey-admin-key-01';

/** A service with one strict provider, a bot and an administrator. */
async function openAudited(kind: (typeof storeKinds)[number]) {
  const opened = await openService({
    place: await makePlace(kind),
    providers: async (callback) => ({
      strict: (await startRelayedProvider({ redirectUri: callback('strict') })).entry,
    }),
    variables: { API_KEYS: `journey:bot:${secrets.botKey},boss:admin:${adminKey}` },
  });
  const admin = new Bot(opened.address, adminKey);
  const trail = async (query = '') => {
    const { body } = await admin.call('GET', `/audit${query}`);
    const { entries, next } = pageSchema.parse(body);
    const acts = entries.map(({ act, outcome, reason }) => [act, outcome, reason].filter(Boolean).join(' '));
    return { entries, next, acts };
  };
  return { ...opened, admin, trail };
}

describe.each(storeKinds)('the audit trail, on the %s store', (kind) => {
  it('has exactly one entry for each act of a connection (S3-25)', async () => {
    const { bot, trail, clock } = await openAudited(kind);
    const person = new Person();
    const { connectUrl, connectId } = await bot.connect(user, 'strict');
    const code = await person.connect(connectUrl);
    await bot.prove(user, 'WRONG222');
    await bot.prove(user, code);
    const { body } = await bot.token(user, 'strict');
    clock.advance(3_590_000);
    await bot.token(user, 'strict');
    await bot.disconnect(user, 'strict');
    await bot.token(user, 'strict');
    await bot.erase(user);
    const { entries, acts, next } = await trail();
    expect(acts).toEqual([
      'connect.create ok',
      'connect.start ok',
      'connect.finish ok',
      'proof refused code_refused',
      'proof ok',
      'token.issue ok',
      'refresh ok',
      'token.issue ok',
      'disconnect ok revoked: yes',
      'token.issue refused not_connected',
      'erase ok revoked: 0',
    ]);
    expect(next).toBeNull();
    expect(entries[5]).toMatchObject({
      tenant: 'default',
      actor: { kind: 'caller', id: 'journey' },
      user,
      provider: 'strict',
      connection_id: body.connection_id,
      address: '127.0.0.1',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      token_digest: createHash('sha256')
        .update(body.access_token ?? '')
        .digest('hex')
        .slice(0, 12),
    });
    expect(entries[0]).toMatchObject({ object: connectId });
    expect(entries[6]).toMatchObject({ actor: { kind: 'system' }, user, provider: 'strict' });
    expect(entries[4]).toMatchObject({ provider: 'strict', object: connectId, connection_id: body.connection_id });
    expect(JSON.stringify(entries)).not.toContain(body.access_token);
    expect(JSON.stringify(entries)).not.toContain(new URL(connectUrl).searchParams.get('link'));
  });

  it('names who was refused and why, while every caller is told the same (S3-02)', async () => {
    const { address, bot, trail } = await openAudited(kind);
    await fetch(`${address}/v1/providers`);
    await new Bot(address, 'vk_0123456789abcdef_nothing').call('GET', '/providers');
    expect((await bot.call('GET', '/audit')).status).toBe(403);
    const { acts, entries } = await trail();
    expect(acts).toEqual([
      'authenticate refused credential_missing',
      'authenticate refused key_malformed',
      'authorize refused forbidden',
    ]);
    expect(entries.map(({ actor }) => actor)).toEqual([
      { kind: 'unknown', id: 'unknown' },
      { kind: 'unknown', id: 'unknown' },
      { kind: 'caller', id: 'journey' },
    ]);
  });

  it('tells what the person denied and did on the account page', async () => {
    const { bot, trail, baseUrl } = await openAudited(kind);
    const { connectUrl } = await bot.connect(user, 'strict');
    const person = new Person();
    const started = await person.press(connectUrl);
    const state = new URL(String(started.headers.get('location'))).searchParams.get('state');
    const denied = new URL(`${baseUrl}/oauth/strict/callback?error=access_denied&state=${state}`);
    denied.searchParams.set('iss', new URL(String(started.headers.get('location'))).origin);
    await person.finish(denied);
    expect((await trail('?act=connect.finish')).acts).toEqual(['connect.finish refused access_denied']);
  });

  it('tells what browsers were refused that came with what is not theirs, from where and by which request', async () => {
    const { bot, trail, baseUrl, address } = await openAudited(kind);
    const { connectUrl, connectId } = await bot.connect(user, 'strict');
    const [person, stranger] = [new Person(), new Person('eve')];
    const callback = await person.consent(connectUrl);
    const without = (name: string, value?: string) => {
      const url = new URL(callback);
      if (value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
      return url;
    };
    for (const url of [without('state'), without('state', 'made-up'), without('iss', 'https://evil.example')])
      expect((await person.finish(url)).status).toBeGreaterThanOrEqual(400);
    expect((await stranger.finish(callback)).status).toBe(400);
    await person.press(connectUrl);
    await fetch(`${baseUrl}/connections/enter`, { method: 'POST', body: new URLSearchParams({ link: 'made-up' }) });
    await fetch(`${address}/connections/leave`, { method: 'POST', headers: { origin: 'https://evil.example' } });
    await fetch(`${address}/connections/leave`, { method: 'POST' });
    expect((await person.finish(callback)).code).toMatch(/^\w{8}$/);
    await person.finish(callback);
    const { entries, acts } = await trail();
    expect(acts).toEqual([
      'connect.create ok',
      'connect.start ok',
      'connect.finish refused invalid_request: state',
      'connect.finish refused gone',
      'connect.finish refused invalid_request: iss',
      'connect.finish refused invalid_request: cookie',
      'connect.start refused gone',
      'account_link.redeem refused gone',
      'authorize refused forbidden',
      'authenticate refused no session',
      'connect.finish ok',
      'connect.finish refused gone',
    ]);
    for (const entry of entries)
      expect(entry).toMatchObject({ address: '127.0.0.1', request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    for (const known of [4, 5]) expect(entries[known]).toMatchObject({ user, provider: 'strict', object: connectId });
    expect(entries[3]).toMatchObject({ tenant: 'default', provider: 'strict', actor: { kind: 'person' } });
    expect(JSON.stringify(entries)).not.toMatch(/made-up|evil\.example/);
  });

  it('is read page by page, filtered, and as JSON lines to the end', async () => {
    const { bot, trail, address } = await openAudited(kind);
    for (const one of ['u1', 'u2', 'u1', 'u2']) await bot.token(one, 'strict');
    const first = await trail('?limit=3');
    const second = await trail(`?limit=3&after=${first.next}`);
    expect([first.entries.length, second.entries.length, second.next]).toEqual([3, 1, null]);
    expect((await trail('?user=u2')).entries.map((entry) => entry.user)).toEqual(['u2', 'u2']);
    expect((await trail('?act=erase')).entries).toEqual([]);
    const response = await fetch(`${address}/v1/audit?user=u1`, {
      headers: { authorization: `Bearer ${adminKey}`, accept: 'application/x-ndjson' },
    });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).user)).toEqual(['u1', 'u1']);
  });

  it('belongs to the tenant of the credential (A3)', async () => {
    const { store, admin, trail } = await openAudited(kind);
    const other = tenantIdSchema.parse('other');
    const actor = { kind: 'caller', id: 'x' } as const;
    await store.audit.append({ at: 1, tenant: other, act: 'erase', actor, outcome: 'ok' });
    expect((await trail()).entries).toEqual([]);
    expect((await admin.call('GET', '/audit?tenant=other')).body).toMatchObject({ entries: [] });
  });
});
