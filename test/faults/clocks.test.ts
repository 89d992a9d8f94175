/** Machines whose clocks disagree: the store's counts (R11, F11). */

import { expect, it } from 'vitest';
import { clockPreload, managerOn } from '../support/fault-nodes.js';
import { Person } from '../support/person.js';
import { makePlace as makeServicePlace } from '../support/service.js';
import { startService } from '../support/service-process.js';
import { startWebhookReceiver, webhookSecrets } from '../support/webhook-receiver.js';
import { connect, makePlace, openBench, openNode, openProvider } from './stage.js';

it.each([
  ['five minutes fast', 300_000],
  ['five minutes slow', -300_000],
])(
  'R11: a process whose clock is %s serves, refreshes and dates tokens by the clock of Redis',
  async (_name, clockShiftMs) => {
    const provider = await openProvider({ expiresIn: 600 });
    const place = await makePlace('redis');
    const bench = await openBench(place, provider);
    const options = managerOn(place, provider.entry);
    const [skewed, right] = [await openNode({ options, clockShiftMs }), await openNode({ options })];
    // Two minutes left of four: fresh by the right clock, over by a fast one, and far from its buffer by a slow one.
    const { accessToken } = await connect(bench, provider, { user: 'fresh', leftMs: 240_000 });
    expect((await skewed.ask('token', { user: 'fresh' })).token).toBe(accessToken);
    await connect(bench, provider, { user: 'over', leftMs: -60_000 });
    const renewed = await skewed.ask('token', { user: 'over' });
    expect(provider.honours(renewed.token ?? '')).toBe(true);
    expect(Math.abs((renewed.expiresAt ?? 0) - (Date.now() + 600_000))).toBeLessThan(60_000);
    expect((await right.ask('token', { user: 'over' })).token).toBe(renewed.token);
    expect(provider.seen.redemptions).toBe(1);
    const { logged = [] } = await skewed.ask('log');
    expect(logged.map(({ message }) => message)).toContain(
      'the clock of this machine is far from the store; the store counts',
    );
    expect((await right.ask('log')).logged?.filter(({ message }) => message.includes('clock'))).toEqual([]);
  },
  60_000,
);

it.each([
  ['a quarter of an hour fast', 900_000],
  ['a quarter of an hour slow', -900_000],
])(
  'R11: a service whose clock is %s dates cookies, pages and webhooks by the clock of Redis',
  async (_name, clockShiftMs) => {
    const provider = await openProvider();
    const receiver = await startWebhookReceiver();
    const { address, bot } = await startService(
      {
        ...(await makeServicePlace('redis')),
        NODE_OPTIONS: `--import ${clockPreload}`,
        CLOCK_SHIFT_MS: String(clockShiftMs),
        WEBHOOK_URL: receiver.url,
        WEBHOOK_SECRETS: webhookSecrets.join(','),
      },
      provider.entry,
    );
    const [person, lifetime] = [new Person(), /Max-Age=(?<seconds>\d+)/];
    const secondsOf = (answer: Response) =>
      Number(lifetime.exec(answer.headers.get('set-cookie') ?? '')?.groups?.seconds);
    const { connectUrl } = await bot.connect('ada', 'rotating');
    expect(await (await person.get(connectUrl)).text()).toContain('10 minutes');
    const pressed = await person.press(connectUrl);
    expect(Math.abs(secondsOf(pressed) - 600)).toBeLessThan(30);

    const state = new URL(pressed.headers.get('location') ?? '').searchParams.get('state');
    await person.get(`${address}/oauth/rotating/callback?error=access_denied&state=${state}`);
    await expect.poll(() => receiver.taken().length, { timeout: 10_000 }).toBe(1);
    const [, sentAt] = receiver.received[0]?.signed.split('.') ?? [];
    expect(Math.abs(Number(sentAt) - Date.now() / 1000)).toBeLessThan(60);

    const { body } = await bot.call('POST', '/users/ada/account-link');
    const entered = await person.press(String(body.url));
    expect(Math.abs(secondsOf(entered) - 36_000)).toBeLessThan(30);
  },
  60_000,
);
