import { describe, expect, it } from 'vitest';
import { tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { Person } from '../support/person.js';
import { storeKinds } from '../support/service.js';
import { openStrictService, type StrictService } from '../support/strict-service.js';

const user = 'slack:T1:U2/ä';
const hourMs = 3_600_000;

/** Connects by link, clicks and code; answers the access token. */
async function connect({ bot }: StrictService): Promise<string> {
  const { connectUrl } = await bot.connect(user, 'strict');
  const proof = await bot.prove(user, await new Person().connect(connectUrl));
  expect(proof.status).toBe(200);
  return (await bot.token(user, 'strict')).body.access_token ?? '';
}

describe.each(storeKinds)('with a strict authorization server (oidc-provider), on the %s store', (kind) => {
  it('goes from a link in the chat to a token that the provider honours', async () => {
    const { bot, strict, baseUrl } = await openStrictService(kind);
    const { connectId, connectUrl } = await bot.connect(user, 'strict');
    const person = new Person();
    expect((await person.get(connectUrl)).status).toBe(200);
    const { status, url, code } = await person.finish(await person.consent(connectUrl));
    expect({ status, url: url?.href }).toEqual({ status: 303, url: `${baseUrl}/oauth/strict/done` });
    expect((await bot.progress(connectId)).body.status).toBe('awaiting_proof');
    expect(await bot.token(user, 'strict')).toMatchObject({ status: 409, body: { code: 'awaiting_proof' } });
    expect((await bot.prove(user, code)).body).toMatchObject({ status: 'connected', connect_id: connectId });
    const token = await bot.token(user, 'strict');
    expect(token).toMatchObject({ status: 200, body: { account: { id: 'ada', email: 'ada@example.com' } } });
    expect(token.headers.get('cache-control')).toBe('no-store');
    expect(await strict.userinfoStatus(token.body.access_token ?? '')).toBe(200);
  });

  it('renews an expired token, and sends no refresh token twice (RFC 9700 4.14.2)', async () => {
    const stage = await openStrictService(kind);
    const { bot, strict, clock } = stage;
    const seen = [await connect(stage)];
    for (let round = 0; round < 3; round += 1) {
      clock.advance(hourMs);
      const { status, body } = await bot.token(user, 'strict');
      expect(status).toBe(200);
      seen.push(body.access_token ?? '');
    }
    expect(new Set(seen).size).toBe(4);
    const sent = strict.requests('refresh_token').map(({ form }) => form.get('refresh_token'));
    expect(sent).toHaveLength(3);
    expect(new Set(sent).size).toBe(3);
    expect(await strict.userinfoStatus(seen.at(-1) ?? '')).toBe(200);
  });

  it('renews early for a caller who needs the token for longer', async () => {
    const stage = await openStrictService(kind);
    const { bot, strict, clock } = stage;
    const first = await connect(stage);
    clock.advance(hourMs / 3);
    expect((await bot.token(user, 'strict', '?min_ttl=2300')).body.access_token).toBe(first);
    const longer = await bot.token(user, 'strict', '?min_ttl=2500');
    expect(longer.body.access_token).not.toBe(first);
    expect(strict.requests('refresh_token')).toHaveLength(1);
  });

  it('renews a token that an API refused, once, and only if it is the stored one', async () => {
    const stage = await openStrictService(kind);
    const { bot, strict } = stage;
    const first = await connect(stage);
    const wrong = await bot.reject(user, 'strict', 'some other token');
    expect(wrong).toMatchObject({ status: 200, body: { access_token: first } });
    expect(strict.requests('refresh_token')).toHaveLength(0);
    const answers = await Promise.all(Array.from({ length: 5 }, () => bot.reject(user, 'strict', first)));
    const renewed = new Set(answers.map(({ body }) => body.access_token));
    expect(renewed.size).toBe(1);
    expect(renewed).not.toContain(first);
    expect(strict.requests('refresh_token')).toHaveLength(1);
  });

  it('disconnects: the provider refuses the old token, and a second time changes nothing', async () => {
    const stage = await openStrictService(kind);
    const { bot, strict } = stage;
    const token = await connect(stage);
    expect(await bot.disconnect(user, 'strict')).toMatchObject({ status: 200, body: { revoked: 'yes' } });
    expect(await strict.userinfoStatus(token)).toBe(401);
    expect(await bot.token(user, 'strict')).toMatchObject({ status: 409, body: { code: 'not_connected' } });
    expect(await bot.disconnect(user, 'strict')).toMatchObject({ status: 200, body: { revoked: 'no' } });
    expect((await bot.connections(user)).body.connections).toEqual([]);
  });

  it('erases a person: connections and unproven grants are revoked, and no record is left', async () => {
    const stage = await openStrictService(kind);
    const { bot, strict, store } = stage;
    const token = await connect(stage);
    const { connectUrl } = await bot.connect(user, 'strict', { account: 'second' });
    const code = await new Person('bob').connect(connectUrl);
    const unproven: string = JSON.parse(strict.answers.at(-1) ?? '').access_token;
    expect(await strict.userinfoStatus(unproven)).toBe(200);
    expect((await bot.erase(user)).status).toBe(200);
    expect(await strict.userinfoStatus(token)).toBe(401);
    expect(await strict.userinfoStatus(unproven)).toBe(401);
    const owner = { tenant: tenantIdSchema.parse('default'), userId: userIdSchema.parse(user) };
    expect(await store.connections.list(owner)).toMatchObject({ connections: [], awaiting: [], unreadable: [] });
    expect((await bot.prove(user, code)).status).toBe(410);
    expect((await bot.token(user, 'strict')).body.code).toBe('not_connected');
  });
});
