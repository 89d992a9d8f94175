import { describe, expect, it, onTestFinished } from 'vitest';
import { Bot } from '../support/bot.js';
import { eventually, startRedis } from '../support/redis.js';
import { makePlace, openService, secrets, storeKinds } from '../support/service.js';

const adminKey = 'journey-admin-key-journey-admin-key-01';

type Place = Awaited<ReturnType<typeof makePlace>>;

function openLimited(place: Place, variables: Record<string, string>) {
  return openService({
    place,
    providers: async () => ({}),
    variables: { API_KEYS: `journey:bot:${secrets.botKey},boss:admin:${adminKey}`, ...variables },
  });
}

const statuses = async (times: number, ask: () => Promise<{ status: number }>) => {
  const answers: number[] = [];
  for (let asked = 0; asked < times; asked += 1) answers.push((await ask()).status);
  return answers;
};

const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value);

describe.each(storeKinds)('limits, on the %s store', (kind) => {
  it('stop a caller at its limit and no other caller, with the standard headers (S3-17)', async () => {
    const { bot, address } = await openLimited(await makePlace(kind), { RATE_LIMIT_PER_MINUTE: '5' });
    const first = await bot.call('GET', '/providers');
    expect(Object.fromEntries(first.headers)).toMatchObject({ 'ratelimit-limit': '5', 'ratelimit-remaining': '4' });
    expect(await statuses(5, () => bot.call('GET', '/providers'))).toEqual([...times(4, 200), 429]);
    const stopped = await bot.call('GET', '/providers');
    expect(stopped.body.code).toBe('rate_limited');
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(stopped.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    const admin = new Bot(address, adminKey);
    const { status, body } = await admin.call('GET', '/audit?act=rate_limit');
    expect(status).toBe(200);
    expect(body.entries).toMatchObject([{ actor: { kind: 'caller', id: 'journey' }, reason: 'caller' }]);
  });

  it('are never exceeded by many at once, and lose at most a hundredth', async () => {
    const { bot } = await openLimited(await makePlace(kind), { RATE_LIMIT_PER_MINUTE: '300' });
    const answers = await Promise.all(times(330, 0).map(() => bot.call('GET', '/providers')));
    const served = answers.filter(({ status }) => status === 200).length;
    expect(served).toBeLessThanOrEqual(300);
    expect(served).toBeGreaterThanOrEqual(297);
  });

  it('stop an address after ten wrong credentials, but not the good one from there (S3-18)', async () => {
    const { bot, address } = await openLimited(await makePlace(kind), {});
    const guess = new Bot(address, 'a-guess-a-guess-a-guess-a-guess-a-guess');
    expect(await statuses(12, () => guess.call('GET', '/providers'))).toEqual([...times(10, 401), 429, 429]);
    expect((await bot.call('GET', '/providers')).status).toBe(200);
    const { body } = await new Bot(address, adminKey).call('GET', '/audit?limit=100');
    expect(body.entries).toHaveLength(11);
  });

  it('do not believe a header about where a request came from (S3-19)', async () => {
    const { address } = await openLimited(await makePlace(kind), {});
    let number = 0;
    const guess = () => {
      number += 1;
      const headers = { 'x-forwarded-for': `203.0.113.${number}`, authorization: 'Bearer a-guess' };
      return fetch(`${address}/v1/providers`, { headers });
    };
    expect((await statuses(11, guess)).at(-1)).toBe(429);
  });

  it('answer 401 to whoever shows no credential, however often, and spare the trail the repeats (S3-03)', async () => {
    const { address } = await openLimited(await makePlace(kind), {});
    expect(await statuses(14, () => fetch(`${address}/v1/providers`))).toEqual(times(14, 401));
    const guess = new Bot(address, 'a-guess-a-guess-a-guess-a-guess-a-guess');
    expect(await statuses(10, () => guess.call('GET', '/providers'))).toEqual(times(10, 401));
    expect(await statuses(2, () => guess.call('GET', '/providers'))).toEqual([429, 429]);
    expect((await fetch(`${address}/v1/providers`)).status).toBe(401);
    const { body } = await new Bot(address, adminKey).call('GET', '/audit?limit=100');
    const trail = JSON.stringify(body.entries);
    expect([trail.match(/"credential_missing"/g)?.length, trail.match(/"missing_credential"/g)?.length]).toEqual([
      10, 1,
    ]);
  });

  it('stop a browser at the pages of connecting and of the account, and not at their stylesheet', async () => {
    const { address, bot, clock } = await openLimited(await makePlace(kind), { RATE_LIMIT_BROWSER_PER_MINUTE: '3' });
    const pages = ['/oauth/x?link=/assets/', '/connections', '/oauth/x/done'];
    const open = () => fetch(address + (pages.shift() ?? '/connections'), { headers: { accept: 'text/html' } });
    expect((await statuses(4, open)).at(-1)).toBe(429);
    clock.advance(20_000);
    const stopped = await open();
    expect(await stopped.text()).toContain('Too many attempts');
    expect(stopped.headers.get('ratelimit-remaining')).toBe('0');
    expect(stopped.headers.get('retry-after')).toBe(stopped.headers.get('ratelimit-reset'));
    expect((await fetch(`${address}/assets/none`)).status).toBe(404);
    expect((await bot.call('GET', '/providers')).status).toBe(200);
  });
});

it('limits are one for all replicas on a store', async () => {
  const place = await makePlace('redis');
  const one = await openLimited(place, { RATE_LIMIT_PER_MINUTE: '4' });
  const other = await openLimited(place, { RATE_LIMIT_PER_MINUTE: '4' });
  const answers = [];
  for (const { bot } of [one, other, one, other, one, other])
    answers.push((await bot.call('GET', '/providers')).status);
  expect(answers).toEqual([200, 200, 200, 200, 429, 429]);
});

it('limits begin anew when the minute is over', async () => {
  const { bot, clock } = await openLimited(await makePlace('embedded'), { RATE_LIMIT_PER_MINUTE: '1' });
  expect(await statuses(2, () => bot.call('GET', '/providers'))).toEqual([200, 429]);
  clock.advance(60_001);
  expect((await bot.call('GET', '/providers')).status).toBe(200);
});

it('wrong credentials and visits of pages count together over all replicas (S3-17, S3-18)', async () => {
  const place = await makePlace('redis');
  const variables = { RATE_LIMIT_BROWSER_PER_MINUTE: '4' };
  const replicas = [await openLimited(place, variables), await openLimited(place, variables)];
  const over = async (count: number, ask: (address: string) => Promise<{ status: number }>) => {
    const answers: number[] = [];
    for (let at = 0; at < count; at += 1) answers.push((await ask(replicas[at % 2]?.address ?? '')).status);
    return answers;
  };
  const guess = (address: string) =>
    new Bot(address, 'a-guess-a-guess-a-guess-a-guess-a-guess').call('GET', '/providers');
  expect(await over(12, guess)).toEqual([...times(10, 401), 429, 429]);
  const visit = (address: string) => fetch(`${address}/connections`, { headers: { accept: 'text/html' } });
  expect(await over(6, visit)).toEqual([...times(4, 401), 429, 429]);
});

it('limits hold nobody up while Redis is gone: callers and pages go on at once, guesses are not judged', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const { bot, address } = await openLimited(
    { REDIS_URL: redis.url },
    { RATE_LIMIT_PER_MINUTE: '5', RATE_LIMIT_BROWSER_PER_MINUTE: '5' },
  );
  expect((await bot.call('GET', '/providers')).status).toBe(200);
  await redis.kill9();
  await eventually('the service has noticed', async () => (await fetch(`${address}/readyz`)).status === 503);
  const startedAt = performance.now();
  expect(await statuses(8, () => bot.call('GET', '/providers'))).toEqual(times(8, 200));
  const page = () => fetch(`${address}/oauth/nobody`, { headers: { accept: 'text/html' } });
  expect(await statuses(8, page)).toEqual(times(8, 404));
  const guess = await new Bot(address, 'a-guess-a-guess-a-guess-a-guess-a-guess').call('GET', '/providers');
  expect([guess.status, guess.body.code]).toEqual([503, 'store_unavailable']);
  expect((await fetch(`${address}/v1/providers`)).status).toBe(401);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
