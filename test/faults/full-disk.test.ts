/** The embedded store on a disk without room, before and after a refresh token was spent (R7, R8, F13). */

import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { managerOn } from '../support/fault-nodes.js';
import { eventually } from '../support/redis.js';
import { ask, connect, makePlace, openBench, openNode, openProvider } from './stage.js';

const hourMs = 3_600_000;
const endedMs = -10_000;
/** The signal of the limit is ignored, so that writing fails as it does on a full disk. */
const ignoringTheSignal = ['sh', '-c', 'trap "" XFSZ; exec "$0" "$@"'];

/** A process whose disk can be filled, and a manager beside it that always has room. */
async function openProcess(leftMs: number) {
  const provider = await openProvider();
  const place = await makePlace('embedded');
  const bench = await openBench(place, provider);
  const { accessToken } = await connect(bench, provider, { user: 'u', leftMs });
  const node = await openNode({ options: managerOn(place, provider.entry), under: ignoringTheSignal });
  const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(node.pid), `--fsize=${bytes}:unlimited`]);
  return { provider, bench, accessToken, node, fill: () => limit('1'), mend: () => limit('unlimited') };
}

describe.runIf(process.platform === 'linux')('a full disk (Linux: a limit on the size of files)', () => {
  it('R7: after the rotation: the new tokens are held, stored when there is room, and the old one is not sent again', async () => {
    const { provider, bench, node, fill, mend } = await openProcess(endedMs);
    const open = provider.hold();
    const waiting = node.ask('token', { user: 'u' });
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    fill();
    open();
    const logged = async () => (await node.ask('log')).logged?.map(({ message }) => message) ?? [];
    await eventually('it waits', async () => (await logged()).includes('a refreshed token set waits for the store'));
    mend();
    const { token = '' } = await waiting;
    expect(provider.honours(token)).toBe(true);
    expect(await ask(bench, 'u')).toBe(token);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  }, 60_000);

  it('R8: before: the provider is not called, the live token is served, and it refreshes when there is room', async () => {
    const { provider, accessToken, node, fill, mend } = await openProcess(60_000);
    fill();
    // A live token is served to whoever asks for it; who refused it hears of the store.
    expect((await node.ask('token', { user: 'u' })).token).toBe(accessToken);
    expect((await node.ask('renew', { user: 'u' })).error).toBe('store_unavailable');
    expect(provider.seen.redemptions).toBe(0);
    mend();
    await eventually('it refreshes again', async () => {
      const { token } = await node.ask('renew', { user: 'u' });
      return token !== undefined && provider.honours(token) && token !== accessToken;
    });
    expect(provider.seen.reuses).toBe(0);
  }, 60_000);

  it('R8: once it has ended, too, its caller hears of the store and nothing is lost', async () => {
    const { provider, bench, node, fill, mend } = await openProcess(endedMs);
    fill();
    expect((await node.ask('token', { user: 'u' })).error).toBe('store_unavailable');
    expect(provider.seen.redemptions).toBe(0);
    mend();
    const { token = '' } = await node.ask('token', { user: 'u' });
    expect(provider.honours(token)).toBe(true);
    expect(await ask(bench, 'u')).toBe(token);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  }, 60_000);

  it('F13: other processes that have room go on meanwhile', async () => {
    const { provider, bench, fill } = await openProcess(endedMs);
    fill();
    expect(provider.honours(await ask(bench, 'u'))).toBe(true);
    await connect(bench, provider, { user: 'v', leftMs: hourMs });
    expect(await ask(bench, 'v')).toMatch(/^at-/);
  }, 60_000);
});
