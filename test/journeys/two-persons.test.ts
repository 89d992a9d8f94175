import { describe, expect, it } from 'vitest';
import { tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { Person } from '../support/person.js';
import { eventually } from '../support/redis.js';
import { makePlace, openService, storeKinds } from '../support/service.js';
import { openStrictService } from '../support/strict-service.js';
import type { RelayedProvider } from '../support/token-relay.js';

const attacker = 'slack:T1:mallory';
const victim = 'slack:T1:alice';
const minuteMs = 60_000;

/** The access token that the provider gave last; nobody should have it but the store. */
function lastIssued({ answers }: RelayedProvider): string {
  return JSON.parse(answers.at(-1) ?? '').access_token;
}

/** Eight characters of the right alphabet that are not the code. */
function wrongCode(code: string): string {
  return [...code].map((character) => (character === '2' ? '3' : '2')).join('');
}

describe.each(storeKinds)('two persons, on the %s store', (kind) => {
  it("whoever had a victim finish his link gets no token in the link's whole life (L1)", async () => {
    const { bot, clock } = await openStrictService(kind);
    const { connectId, connectUrl } = await bot.connect(attacker, 'strict');
    await new Person('alice').connect(connectUrl);
    const statuses = new Set<string>();
    for (let minute = 0; minute <= 30; minute += 1) {
      const token = await bot.token(attacker, 'strict');
      expect(token.body.access_token).toBeUndefined();
      statuses.add(`${token.status} ${token.body.code}`);
      clock.advance(minuteMs);
    }
    expect([...statuses]).toEqual(['409 awaiting_proof', '409 not_connected']);
    expect((await bot.progress(connectId)).body.status).toBe('expired');
    expect((await bot.connections(attacker)).body).toMatchObject({ connections: [] });
  });

  it("whoever finished a victim's link with an account of his own stays outside (L2)", async () => {
    const { bot } = await openStrictService(kind);
    const { connectUrl } = await bot.connect(victim, 'strict');
    const mallory = new Person('mallory');
    const { page, code } = await mallory.finish(await mallory.consent(connectUrl));
    expect(page).toContain('Name of mallory');
    expect((await bot.prove(attacker, code)).status).toBe(403);
    expect((await bot.token(victim, 'strict')).body.code).toBe('awaiting_proof');
    expect((await bot.token(attacker, 'strict')).body.code).toBe('not_connected');
  });

  it('a code counts from its own user only, who can still use it after others tried (L10)', async () => {
    const { bot } = await openStrictService(kind);
    const { connectUrl } = await bot.connect(victim, 'strict');
    const code = await new Person('alice').connect(connectUrl);
    for (let tries = 0; tries < 6; tries += 1) {
      expect(await bot.prove(attacker, code)).toMatchObject({ status: 403, body: { code: 'code_refused' } });
    }
    expect((await bot.prove(victim, ` ${code.toLowerCase().slice(0, 4)}-${code.slice(4)} `)).status).toBe(200);
    expect((await bot.token(victim, 'strict')).body.account).toMatchObject({ id: 'alice' });
    expect((await bot.token(attacker, 'strict')).status).toBe(409);
  });

  it('after five wrong codes the right one is refused, and the grant is given back to the provider (L9)', async () => {
    const { bot, strict } = await openStrictService(kind);
    const { connectId, connectUrl } = await bot.connect(victim, 'strict');
    const code = await new Person('alice').connect(connectUrl);
    const issued = lastIssued(strict);
    const left: (number | undefined)[] = [];
    for (let tries = 0; tries < 5; tries += 1) {
      left.push((await bot.prove(victim, wrongCode(code))).body.attempts_left);
    }
    expect(left).toEqual([4, 3, 2, 1, 0]);
    expect((await bot.prove(victim, code)).status).toBe(410);
    expect(await strict.userinfoStatus(issued)).toBe(401);
    expect((await bot.progress(connectId)).body).toMatchObject({ status: 'failed', error: 'attempts_used_up' });
  });

  it.each(['true', 'false'])(
    'a grant that nobody proved is revoked and erased at the end of its life, with REFRESH_AHEAD=%s (L21)',
    async (refreshAhead) => {
      const variables = { REFRESH_AHEAD: refreshAhead };
      const { bot, strict, store, clock } = await openStrictService(kind, { backgroundWork: true, variables });
      const { connectId, connectUrl } = await bot.connect(attacker, 'strict');
      await new Person('alice').connect(connectUrl);
      const issued = lastIssued(strict);
      const owner = { tenant: tenantIdSchema.parse('default'), userId: userIdSchema.parse(attacker) };
      clock.advance(9 * minuteMs);
      expect((await store.connections.list(owner)).awaiting).toHaveLength(1);
      expect(await strict.userinfoStatus(issued)).toBe(200);
      clock.advance(minuteMs);
      await eventually('the provider refuses the token', async () => (await strict.userinfoStatus(issued)) === 401);
      expect((await store.connections.list(owner)).awaiting).toEqual([]);
      expect((await bot.progress(connectId)).body.status).toBe('expired');
    },
  );
});

it('tries spread over three replicas on one Redis count together (L9)', async () => {
  const place = await makePlace('redis');
  const first = await openStrictService(place);
  const { baseUrl, strict } = first;
  const replica = () =>
    openService({ place, baseUrl: () => baseUrl, providers: async () => ({ strict: strict.entry }) });
  const bots = [first.bot, (await replica()).bot, (await replica()).bot];
  const { connectUrl } = await first.bot.connect(victim, 'strict');
  const code = await new Person('alice').connect(connectUrl);
  const wrong = await Promise.all([0, 1, 2, 0, 1].map((at) => bots[at]?.prove(victim, wrongCode(code))));
  expect(wrong.map((answer) => answer?.body.attempts_left).sort()).toEqual([0, 1, 2, 3, 4]);
  const right = await Promise.all(bots.map((bot) => bot.prove(victim, code)));
  expect(right.map(({ status }) => status)).toEqual([410, 410, 410]);
  expect(await strict.userinfoStatus(lastIssued(strict))).toBe(401);
});
