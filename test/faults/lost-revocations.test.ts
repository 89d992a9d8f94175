/** A process killed by -9 between a removal here and the revocation at the provider: another one revokes. */

import { expect, it, onTestFinished } from 'vitest';
import { openManager } from '../../src/open-manager.js';
import { openStore } from '../../src/open-store.js';
import { createManualClock } from '../support/clock.js';
import { managerOn } from '../support/fault-nodes.js';
import { eventually } from '../support/redis.js';
import { entryAt, startScriptedServer } from '../support/scripted-server.js';
import { scriptTokens } from '../support/scripted-tokens.js';
import { makePlace, openNode, type StoreKind, storeKinds } from './stage.js';

/** Nobody has five tries with it. */
const wrongCode = '22222222';

/** A user with a connection to the account `ada`, a manager here, and a process that is killed when it revokes. */
async function open(kind: StoreKind) {
  const server = await startScriptedServer();
  const tokens = scriptTokens(server);
  const carryOut = () =>
    server.answer('/revoke', ({ form }) => {
      tokens.end(form.get('token') ?? '');
      return { status: 200 };
    });
  const clock = createManualClock(Date.now());
  const options = managerOn(await makePlace(kind), entryAt(server.url, { identity: { id: 'sub' } }));
  const store = await openStore(options);
  const manager = await openManager({ ...options, store, now: clock.now });
  onTestFinished(async () => {
    await manager.close();
    await server.close();
  });
  /** Consents with an account; answers the code that is to be typed. */
  const consent = async (account: string) => {
    server.answer('/userinfo', { json: { sub: account } });
    const { connectUrl } = await manager.startConnect('u', 'rotating');
    const started = await manager.startAuthorization('rotating', new URL(connectUrl).searchParams.get('link') ?? '');
    const { headers } = await fetch(started.authorizationUrl, { redirect: 'manual' });
    const callback = new URL(headers.get('location') ?? '').searchParams;
    const cookie = started.browserSecret.reveal();
    await manager.finishAuthorization('rotating', callback, cookie);
    return (await manager.describeFinished('rotating', cookie))?.returnCode?.reveal() ?? '';
  };
  const token = async () => (await manager.requireToken('u', 'rotating')).accessToken.reveal();
  /** Lets a process do it, and kills it while its revocation is on the way: the provider never hears of that. */
  const killAtRevocation = async (order: string, input: object = {}) => {
    const node = await openNode({ options });
    await new Promise<void>((onItsWay) => {
      server.answer('/revoke', () => {
        onItsWay();
        return { after: node.ended, cut: 'at_once' };
      });
      void node.ask(order, { user: 'u', ...input });
    });
    await node.kill9();
    carryOut();
  };
  await manager.submitProof('u', await consent('ada'));
  return { manager, server, store, tokens, clock, consent, token, killAtRevocation };
}

type Stage = Awaited<ReturnType<typeof open>>;

/** Each answers the access token of a grant that nobody will use any more. */
const removals: readonly [string, (stage: Stage) => Promise<string>][] = [
  [
    'disconnects',
    async ({ token, killAtRevocation }) => {
      const held = await token();
      await killAtRevocation('disconnect');
      return held;
    },
  ],
  [
    'erases a user',
    async ({ token, killAtRevocation }) => {
      const held = await token();
      await killAtRevocation('erase');
      return held;
    },
  ],
  [
    'replaces an account by another one',
    async ({ token, consent, killAtRevocation }) => {
      const held = await token();
      await killAtRevocation('prove', { code: await consent('bob') });
      return held;
    },
  ],
  [
    'ends a grant that nobody could prove',
    async ({ manager, server, tokens, consent, killAtRevocation }) => {
      let held = '';
      server.answer('/token', async (request) => {
        const answer = typeof tokens.redeem === 'function' ? await tokens.redeem(request) : tokens.redeem;
        held = /"access_token":"([^"]+)"/.exec(JSON.stringify(answer.json))?.[1] ?? '';
        return answer;
      });
      await consent('ada');
      for (let tries = 1; tries < 5; tries += 1) await manager.submitProof('u', wrongCode).catch(() => undefined);
      await killAtRevocation('prove', { code: wrongCode });
      return held;
    },
  ],
];

it.each(storeKinds.flatMap((kind) => removals.map(([title, remove]) => [kind, title, remove] as const)))(
  'F10: on the %s store, who %s and is killed by -9 before the provider knows leaves no grant alive',
  async (kind, _title, remove) => {
    const stage = await open(kind);
    const held = await remove(stage);
    expect(stage.tokens.isLive(held)).toBe(true);
    stage.clock.advance(120_000);
    stage.manager.startBackgroundWork();
    await eventually('it is revoked', () => !stage.tokens.isLive(held), 40_000);
    const isKept = async () => (await stage.store.documents.list('open-revocations')).size > 0;
    await eventually('nothing of it is kept', async () => !(await isKept()), 40_000);
  },
  120_000,
);
