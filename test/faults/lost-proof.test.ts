/** A proof whose write was carried out, and whose reply was lost on the way (F2). */

import { expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import type { Store } from '../../src/core/store.js';
import { openManager } from '../../src/open-manager.js';
import { openStore } from '../../src/open-store.js';
import { managerOn } from '../support/fault-nodes.js';
import { entryAt, startScriptedServer } from '../support/scripted-server.js';
import { scriptTokens } from '../support/scripted-tokens.js';
import { makePlace, storeKinds } from './stage.js';

/** The store, but the reply to the next write of connections is lost as told: after it was carried out, or before. */
function losingReplies(store: Store): Store & { lose: 'never' | 'after' | 'before' } {
  const { connections } = store;
  const losing = {
    ...store,
    lose: 'never' as 'never' | 'after' | 'before',
    connections: {
      ...connections,
      write: async (...change: Parameters<typeof connections.write>) => {
        const { lose } = losing;
        losing.lose = 'never';
        if (lose === 'before') throw new StoreUnavailable('The reply was lost.', 'unknown');
        const outcome = await connections.write(...change);
        if (lose === 'after') throw new StoreUnavailable('The reply was lost.', 'unknown');
        return outcome;
      },
    },
  };
  return losing;
}

it.each(storeKinds)(
  'F2: a lost reply leaves no half activation: proven, or to be proven again, on the %s store',
  async (kind) => {
    const server = await startScriptedServer();
    onTestFinished(() => server.close());
    scriptTokens(server);
    const options = managerOn(await makePlace(kind), entryAt(server.url));
    const store = losingReplies(await openStore(options));
    const manager = await openManager({ ...options, store });
    onTestFinished(() => manager.close());
    const { connectUrl, connectId } = await manager.startConnect('u', 'rotating');
    const started = await manager.startAuthorization('rotating', new URL(connectUrl).searchParams.get('link') ?? '');
    const { headers } = await fetch(started.authorizationUrl, { redirect: 'manual' });
    const cookie = started.browserSecret.reveal();
    await manager.finishAuthorization('rotating', new URL(headers.get('location') ?? '').searchParams, cookie);
    const code = (await manager.describeFinished('rotating', cookie))?.returnCode?.reveal() ?? '';

    store.lose = 'before';
    await expect(manager.submitProof('u', code)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await manager.getToken('u', 'rotating')).toBeUndefined();
    store.lose = 'after';
    expect(await manager.submitProof('u', code)).toMatchObject({ connectId });
    expect((await manager.getToken('u', 'rotating'))?.accessToken.reveal()).toMatch(/./);
    expect((await manager.findConnect(connectId)).status).toBe('connected');
  },
);
