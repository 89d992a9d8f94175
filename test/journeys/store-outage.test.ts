import { expect, it, onTestFinished } from 'vitest';
import { Person } from '../support/person.js';
import { eventually, type RedisProcess, startRedis } from '../support/redis.js';
import type { OpenService } from '../support/service.js';
import { openStrictService, type StrictService } from '../support/strict-service.js';

const user = 'slack:T1:U2';
const hourMs = 3_600_000;

interface Stage extends StrictService {
  readonly redis: RedisProcess;
}

/** A connected user on a Redis that can be stopped, and that has every write on disk before it answers. */
async function openStage(hold?: () => Promise<unknown>): Promise<Stage> {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  onTestFinished(() => redis.stop());
  const service = await openStrictService({ REDIS_URL: redis.url }, { hold });
  const { bot } = service;
  const { connectUrl } = await bot.connect(user, 'strict');
  expect((await bot.prove(user, await new Person().connect(connectUrl))).status).toBe(200);
  return { ...service, redis };
}

/** What the bot is told, and how soon. */
async function ask({ bot }: OpenService): Promise<{ answer: string; ms: number; retryAfter: string | null }> {
  const startedAt = performance.now();
  const { status, body, headers } = await bot.token(user, 'strict');
  const ms = performance.now() - startedAt;
  return { answer: `${status} ${body.code ?? ''}`.trim(), ms, retryAfter: headers.get('retry-after') };
}

const answersWell = (stage: Stage) => async () => (await ask(stage)).answer === '200';

it.each([
  ['ended', (redis: RedisProcess) => redis.end(), (redis: RedisProcess) => redis.restart()],
  ['hanging', async (redis: RedisProcess) => redis.pause(), async (redis: RedisProcess) => redis.resume()],
])(
  'a Redis that is %s is 503 within two seconds and never "not connected"; once back, so are we',
  async (_name, stop, start) => {
    const stage = await openStage();
    expect((await ask(stage)).answer).toBe('200');
    await stop(stage.redis);
    for (const asked of [await ask(stage), ...(await Promise.all([ask(stage), ask(stage), ask(stage)]))]) {
      expect(asked.answer).toBe('503 store_unavailable');
      expect(asked.ms).toBeLessThan(2_000);
      expect(Number(asked.retryAfter)).toBeGreaterThan(0);
    }
    expect((await fetch(`${stage.address}/healthz`)).status).toBe(200);
    expect((await fetch(`${stage.address}/readyz`)).status).toBe(503);
    await start(stage.redis);
    await eventually('the service answers again by itself', answersWell(stage));
    expect((await fetch(`${stage.address}/readyz`)).status).toBe(200);
    expect(stage.strict.requests('refresh_token')).toHaveLength(0);
  },
);

it('a refresh whose answer comes while Redis is down is stored when it is back: nothing is lost (R2)', async () => {
  let hold: Promise<void> | undefined;
  let release = () => {};
  const stage = await openStage(async () => hold);
  const { redis, strict, clock, bot } = stage;
  hold = new Promise((resolve) => {
    release = resolve;
  });
  clock.advance(hourMs);
  const waiting = bot.token(user, 'strict');
  await eventually('the refresh token was sent', () => strict.answers.length === 2);
  await redis.end();
  release();
  expect((await ask(stage)).answer).toBe('503 store_unavailable');
  await redis.restart();
  const { status, body } = await waiting;
  expect(status).toBe(200);
  expect(await strict.userinfoStatus(body.access_token ?? '')).toBe(200);
  expect((await bot.token(user, 'strict')).body.access_token).toBe(body.access_token);
  clock.advance(hourMs);
  expect((await bot.token(user, 'strict')).status).toBe(200);
  const sent = strict.requests('refresh_token').map(({ form }) => form.get('refresh_token'));
  expect(new Set(sent).size).toBe(sent.length);
  expect(sent).toHaveLength(2);
});
