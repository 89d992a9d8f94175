import { describe, expect, it, onTestFinished } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { initOAuthManager } from '../../src/init-oauth-manager.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { withOAuthToken } from '../../src/with-oauth-token.js';
import { startApprovingProvider } from '../support/approving-provider.js';
import { createManualClock } from '../support/clock.js';
import { Person } from '../support/person.js';
import { makePlace, openService, type StoreKind, secrets, storeKinds } from '../support/service.js';

const user = 'slack:T1:U2';

/** Two replicas over one store; on the embedded one, a service and its successor after a restart share the place. */
async function openStage(kind: StoreKind) {
  const provider = await startApprovingProvider();
  onTestFinished(() => provider.close());
  const place = await makePlace(kind);
  const clock = createManualClock(Date.now());
  const providers = async () => ({ example: provider.entry, other: provider.entry });
  const service = await openService({ place, providers, clock });
  const { baseUrl } = service;
  const replica = await openService({ place, providers, clock, baseUrl: () => baseUrl });
  return { manager: service.manager, replica: replica.manager, clock, entry: provider.entry };
}

async function refusalOf(manager: OAuthManager, provider = 'example'): Promise<OAuthNotConnected> {
  const refusal = await manager.requireToken(user, provider).catch((error: unknown) => error);
  if (refusal instanceof OAuthNotConnected) return refusal;
  throw new Error('a token, or another error');
}

async function finish(manager: OAuthManager, { connectUrl }: { connectUrl: string }): Promise<void> {
  await manager.submitProof(user, await new Person().connect(connectUrl));
}

describe.each(storeKinds)('a pending action on the %s store', (kind) => {
  it('is handed out once after the proof, whichever replica asks', async () => {
    const { manager, replica } = await openStage(kind);
    const refusal = await refusalOf(manager);
    const resume = { tool: 'list_issues', arguments: { repository: 'ü' } };
    await manager.keepPendingAction(refusal.connectId, resume);
    expect(await replica.takePendingAction(refusal.connectId)).toBeUndefined();
    await finish(manager, refusal);
    const asked = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? manager : replica).takePendingAction(refusal.connectId),
    );
    const taken = (await Promise.all(asked)).filter((action) => action !== undefined);
    expect(taken).toEqual([
      expect.objectContaining({ connectId: refusal.connectId, userId: user, provider: 'example', resume }),
    ]);
  });
});

describe('a pending action', () => {
  it('gives way to a later one of the same place, through whichever link the person connects', async () => {
    const { manager } = await openStage('embedded');
    const [first, second] = [await refusalOf(manager), await refusalOf(manager)];
    const elsewhere = await refusalOf(manager, 'other');
    await manager.keepPendingAction(first.connectId, 'first');
    await manager.keepPendingAction(elsewhere.connectId, 'elsewhere');
    await manager.keepPendingAction(second.connectId, 'second');
    await finish(manager, first);
    expect(await manager.takePendingAction(first.connectId)).toMatchObject({ resume: 'second' });
    expect(await manager.takePendingAction(second.connectId)).toBeUndefined();
    await finish(manager, elsewhere);
    expect(await manager.takePendingAction(elsewhere.connectId)).toMatchObject({ resume: 'elsewhere' });
  });

  it('is of its tenant only, and its payload is JSON of at most 8 KiB', async () => {
    const { manager } = await openStage('embedded');
    const { connectId } = await refusalOf(manager);
    const foreign = manager.keepPendingAction(connectId, 1, { tenant: 'acme' });
    await expect(foreign).rejects.toMatchObject({ code: 'unknown_connect' });
    await expect(manager.takePendingAction(connectId, { tenant: 'acme' })).rejects.toMatchObject({
      code: 'unknown_connect',
    });
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const resume of [undefined, () => 1, circle, 'x'.repeat(8 * 1024 - 1)]) {
      const kept = manager.keepPendingAction(connectId, resume);
      await expect(kept).rejects.toMatchObject({ code: 'invalid_request', field: 'resume' });
    }
    await manager.keepPendingAction(connectId, 'x'.repeat(8 * 1024 - 2));
  });

  it('goes with the user who is erased', async () => {
    const { manager } = await openStage('embedded');
    const refusal = await refusalOf(manager);
    await manager.keepPendingAction(refusal.connectId, 'anything');
    await manager.eraseUser(user);
    await finish(manager, refusal);
    expect(await manager.takePendingAction(refusal.connectId)).toBeUndefined();
  });
});

describe('withOAuthToken', () => {
  async function openHost() {
    const { DATA_DIR = '' } = await makePlace('embedded');
    const { entry } = await openStage('embedded');
    const clock = createManualClock(Date.now());
    const options = {
      baseUrl: 'http://localhost:3000',
      encryptionKeys: secrets.encryptionKeys,
      dataDir: DATA_DIR,
      providers: { example: entry },
      allowInsecureLoopbackProviders: true,
      backgroundWork: false,
      now: clock.now,
      connectProof: 'none',
      unsafeConnectWithoutProof: true,
    } as const;
    let manager = await initOAuthManager(options);
    onTestFinished(() => manager.close());
    const restart = async () => {
      await manager.close();
      manager = await initOAuthManager(options);
      return manager;
    };
    return { restart, clock, manager };
  }

  /** The browser half without a browser: the page posts the link, the provider approves at once. */
  async function connect(manager: OAuthManager, { connectUrl }: OAuthNotConnected): Promise<void> {
    const link = new URL(connectUrl).searchParams.get('link') ?? '';
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('example', link);
    const { headers } = await fetch(authorizationUrl, { redirect: 'manual' });
    const { searchParams } = new URL(headers.get('location') ?? '');
    await manager.finishAuthorization('example', searchParams, browserSecret.reveal());
  }

  const call = (resume?: unknown) =>
    withOAuthToken({ userId: user }, 'example', (token) => token.length, { resume }).catch((error: unknown) => error);

  it('calls the handler when there is a token, and keeps what was interrupted over a restart when there is none', async () => {
    const { manager, restart } = await openHost();
    const refusal = await call({ question: 'how many?' });
    if (!(refusal instanceof OAuthNotConnected)) throw new Error('not refused');
    await connect(manager, refusal);
    const after = await restart();
    const action = await after.takePendingAction(refusal.connectId);
    expect(action?.resume).toEqual({ question: 'how many?' });
    expect(await call(action?.resume)).toBeGreaterThan(10);
    expect(await after.takePendingAction(refusal.connectId)).toBeUndefined();
  });

  it('drops what was interrupted longer ago than a connect can take', async () => {
    const { manager, clock } = await openHost();
    const old = await call('old');
    if (!(old instanceof OAuthNotConnected)) throw new Error('not refused');
    clock.advance(31 * 60_000);
    const fresh = await call();
    if (!(fresh instanceof OAuthNotConnected)) throw new Error('not refused');
    await connect(manager, fresh);
    expect(await manager.takePendingAction(fresh.connectId)).toBeUndefined();
  });

  it('passes on what the handler throws, and keeps nothing then', async () => {
    const { manager } = await openHost();
    await manager.storeToken(user, { provider: 'example', accessToken: 'made by hand' });
    const failing = withOAuthToken({ userId: user }, 'example', () => Promise.reject(new Error('of the tool')), {
      resume: 1,
    });
    await expect(failing).rejects.toThrow('of the tool');
  });
});
