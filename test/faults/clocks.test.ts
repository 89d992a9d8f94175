/** Machines whose clocks disagree: the store's counts (R11, F11). */

import { expect, it } from 'vitest';
import { managerOn } from '../support/fault-nodes.js';
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
