/** What a program meant to do when the person had to connect first: kept per place, given back once. */

import { describe, expect, it } from 'vitest';
import { type BrowserHalf, openBrowserHalf, user } from './browser-half.js';

const unknown = { code: 'unknown_connect' };
const noProof = { connectProof: 'none', unsafeConnectWithoutProof: true } as const;

/** Completes a connect; answers its id. */
async function connected({ finish }: BrowserHalf, account?: string, who?: string): Promise<string> {
  return (await finish({ account }, who)).connectId;
}

describe('a pending action', () => {
  it('is given back as it was given, once, with its place and time', async () => {
    const half = await openBrowserHalf({}, noProof);
    const { manager, clock, link, consent } = half;
    const { code, connectId } = await link({ account: 'work' });
    const resume = { tool: 'list', arguments: [1, 'ü', null] };
    const keptAt = clock.now();
    await manager.keepPendingAction(connectId, resume);
    clock.advance(1000);
    expect(await manager.takePendingAction(connectId)).toBeUndefined();
    const { answer, cookie } = await consent(code);
    await manager.finishAuthorization('one', answer, cookie);
    const action = { connectId, userId: user, provider: 'one', account: 'work', resume, keptAt };
    expect(await manager.takePendingAction(connectId)).toEqual(action);
    expect(await manager.takePendingAction(connectId)).toBeUndefined();
  });

  it('is one per user, provider and account', async () => {
    const half = await openBrowserHalf({}, noProof);
    const { manager } = half;
    const ids = [await connected(half), await connected(half, 'work'), await connected(half, 'work', 'chat:eve')];
    for (const [index, id] of ids.entries()) await manager.keepPendingAction(id, index);
    for (const [index, id] of ids.entries())
      expect(await manager.takePendingAction(id)).toMatchObject({ resume: index });
  });

  it('is of its tenant, and of a connect that there is', async () => {
    const half = await openBrowserHalf({}, noProof);
    const { manager } = half;
    const id = await connected(half);
    for (const [connectId, tenant] of [
      [id, 'acme'],
      ['cn_none', undefined],
    ] as const) {
      await expect(manager.keepPendingAction(connectId, 1, { tenant })).rejects.toMatchObject(unknown);
      await expect(manager.takePendingAction(connectId, { tenant })).rejects.toMatchObject(unknown);
    }
  });

  it('is kept for as long as a connect can take: two links and a proof', async () => {
    const half = await openBrowserHalf({}, noProof);
    const { manager, clock } = half;
    const id = await connected(half);
    await manager.keepPendingAction(id, 'kept');
    clock.advance(30 * 60_000 - 1);
    expect(await manager.takePendingAction(id)).toMatchObject({ resume: 'kept' });
    await manager.keepPendingAction(id, 'too late');
    clock.advance(30 * 60_000);
    expect(await manager.takePendingAction(id)).toBeUndefined();
  });

  it('is JSON of at most 8 KiB, counted in bytes', async () => {
    const half = await openBrowserHalf({}, noProof);
    const { manager } = half;
    const id = await connected(half);
    const refused = (problem: string) => ({ field: 'resume', message: expect.stringContaining(problem) });
    await expect(manager.keepPendingAction(id, 10n)).rejects.toMatchObject(refused('must be JSON'));
    await expect(manager.keepPendingAction(id, undefined)).rejects.toMatchObject(refused('must be JSON'));
    await expect(manager.keepPendingAction(id, 'ü'.repeat(4096))).rejects.toMatchObject(refused('8 KiB'));
    await manager.keepPendingAction(id, 'ü'.repeat(4095));
    expect(await manager.takePendingAction(id)).toMatchObject({ resume: 'ü'.repeat(4095) });
  });

  it.each([
    ['a link that nobody opened', undefined, undefined],
    ['a grant that waits for its proof', 'waiting', 'app_verifier'],
    ['a connection', 'work', 'none'],
  ] as const)('of %s goes with the user who is erased', async (_title, account, proof) => {
    const half = await openBrowserHalf({}, { ...noProof, appVerifierUrl: 'https://app.example/verify' });
    const { manager, finish, link } = half;
    const { connectId } = proof === undefined ? await link() : await finish({ account, proof });
    await manager.keepPendingAction(connectId, 'anything');
    await manager.eraseUser(user);
    expect(await manager.takePendingAction(await connected(half, account))).toBeUndefined();
  });

  it('of another user stays', async () => {
    const half = await openBrowserHalf({}, noProof);
    const { manager } = half;
    const id = await connected(half, undefined, 'chat:eve');
    await manager.keepPendingAction(id, 'kept');
    await manager.eraseUser(user);
    expect(await manager.takePendingAction(id)).toMatchObject({ resume: 'kept' });
  });
});
