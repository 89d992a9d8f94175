/** Proofs of person at the manager itself: which try counts, what a refusal says, and when it is over. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { openManager } from '../../src/open-manager.js';
import { createManualClock } from '../support/clock.js';
import { entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { scriptTokens } from '../support/scripted-tokens.js';
import { settle } from './browser-half.js';

let dataDir: string;
let server: ScriptedServer;
let manager: OAuthManager;
const clock = createManualClock(Date.now());
let people = 0;
function somebody(): string {
  people += 1;
  return `user-${people}`;
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'valetkey-proof-'));
  server = await startScriptedServer();
  scriptTokens(server);
  server.answer('/revoke', { status: 200 });
  server.answer('/userinfo', { json: { sub: '4711', name: 'Ada' } });
  const entry = entryAt(server.url, { identity: { id: 'sub', name: 'name' } });
  manager = await openManager({
    dataDir,
    baseUrl: 'http://localhost:3000',
    providers: { one: entry, two: entry },
    encryptionKeys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    allowInsecureLoopbackProviders: true,
    appVerifierUrl: 'https://app.example/verify',
    backgroundWork: false,
    now: clock.now,
  });
});
afterAll(async () => {
  await manager.close();
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Goes through the browser; answers the connect and the code on the done page. */
async function finish(user: string, { provider = 'one', proof = 'chat_code' as 'chat_code' | 'app_verifier' } = {}) {
  const { connectUrl, connectId } = await manager.startConnect(user, provider, { proof });
  const started = await manager.startAuthorization(provider, new URL(connectUrl).searchParams.get('link') ?? '');
  const { headers } = await fetch(started.authorizationUrl, { redirect: 'manual' });
  const cookie = started.browserSecret.reveal();
  const answer = new URL(headers.get('location') ?? '').searchParams;
  await manager.finishAuthorization(provider, answer, cookie);
  const shown = await manager.describeFinished(provider, cookie);
  return { connectId, cookie, answer, code: shown?.returnCode?.reveal() ?? '' };
}

const wrong = (code: string) => (code.startsWith('2') ? '3' : '2') + code.slice(1);
const refused = (attemptsLeft: number) => ({ code: 'code_refused', attemptsLeft });
const gone = { code: 'gone' };
const over = { code: 'gone', message: 'The code is used up or too old.' };

describe('a return code', () => {
  it('proves the person once, and says what was connected', async () => {
    const user = somebody();
    const { code, connectId } = await finish(user);
    expect(await manager.submitProof(user, ` ${code.toLowerCase()} `)).toMatchObject({
      connectId,
      provider: 'one',
      identity: { id: '4711' },
      connectionId: expect.stringMatching(/^co_/),
    });
    await expect(manager.submitProof(user, code)).rejects.toMatchObject(gone);
    expect(await manager.hasToken(user, 'one')).toBe(true);
  });

  it('has five tries: each refusal says how many are left, and then it is over, also for the right one', async () => {
    const user = somebody();
    const { code, connectId } = await finish(user);
    for (const left of [4, 3, 2, 1, 0])
      await expect(manager.submitProof(user, wrong(code))).rejects.toMatchObject(refused(left));
    await expect(manager.submitProof(user, code)).rejects.toMatchObject(gone);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'attempts_used_up' });
    expect(await manager.hasToken(user, 'one')).toBe(false);
  });

  it('counts with its fifth try', async () => {
    const user = somebody();
    const { code } = await finish(user);
    for (const _ of [1, 2, 3, 4]) await expect(manager.submitProof(user, wrong(code))).rejects.toThrow();
    expect(await manager.submitProof(user, code)).toMatchObject({ provider: 'one' });
  });

  it('begins anew with the next connect: tries that were used count no more', async () => {
    const user = somebody();
    const first = await finish(user);
    for (const _ of [1, 2, 3]) await expect(manager.submitProof(user, wrong(first.code))).rejects.toThrow();
    await manager.submitProof(user, first.code);
    const second = await finish(user, { provider: 'two' });
    await expect(manager.submitProof(user, wrong(second.code))).rejects.toMatchObject(refused(4));
    expect(await manager.submitProof(user, second.code)).toMatchObject({ provider: 'two' });
  });

  it('is compared with all flows of the user: a wrong one counts on each, and the most that is left is said', async () => {
    const user = somebody();
    const first = await finish(user);
    await expect(manager.submitProof(user, wrong(first.code))).rejects.toMatchObject(refused(4));
    const second = await finish(user, { provider: 'two' });
    await expect(manager.submitProof(user, 'ZZZZZZZZ')).rejects.toMatchObject(refused(4));
    expect(await manager.submitProof(user, second.code)).toMatchObject({ provider: 'two' });
    expect(await manager.submitProof(user, first.code)).toMatchObject({ provider: 'one' });
  });

  it('proves, and uses up, nothing at other providers than those that it is for', async () => {
    const user = somebody();
    const { code } = await finish(user);
    const second = await finish(user, { provider: 'two' });
    for (const typed of [code, ...Array(5).fill('ZZZZZZZZ')])
      await expect(manager.submitProof(user, typed, { providers: ['two'] })).rejects.toThrow();
    expect(await manager.hasToken(user, 'one')).toBe(false);
    await expect(manager.submitProof(user, second.code)).rejects.toThrow();
    expect(await manager.submitProof(user, code, { providers: ['one'] })).toMatchObject({ provider: 'one' });
  });

  it('that is sent many times at once proves the person all the same, and nothing is taken back', async () => {
    const user = somebody();
    const { code, connectId } = await finish(user);
    const revocations = server.requestsTo('/revoke').length;
    const { done, refusals } = await settle(Array.from({ length: 9 }, () => manager.submitProof(user, code)));
    expect(done).toBeGreaterThan(0);
    for (const refusal of refusals) expect(['gone', 'code_refused']).toContain(refusal.code);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'connected' });
    expect(await manager.hasToken(user, 'one')).toBe(true);
    expect(server.requestsTo('/revoke')).toHaveLength(revocations);
  });

  it('guessed many times at once has five tries, too: each refusal says how many are left, and never less than none', async () => {
    const user = somebody();
    const { code, connectId } = await finish(user);
    const { done, refusals } = await settle(Array.from({ length: 9 }, () => manager.submitProof(user, wrong(code))));
    expect(done).toBe(0);
    const left = refusals.flatMap((refusal) => (refusal.code === 'code_refused' ? [refusal.attemptsLeft] : []));
    expect(left.sort()).toEqual([0, 1, 2, 3, 4]);
    expect(refusals.filter((refusal) => refusal.code === 'gone')).toEqual(Array(4).fill(expect.objectContaining(over)));
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'attempts_used_up' });
  });

  it('is nothing for whoever has no flow: refused without tries left', async () => {
    await expect(manager.submitProof(somebody(), 'AAAA2222')).rejects.toMatchObject(refused(0));
  });

  it('that is too old is a wrong one while another flow of the user is open, and proves nothing', async () => {
    const user = somebody();
    const old = await finish(user);
    clock.advance(300_000);
    const { code } = await finish(user, { provider: 'two' });
    clock.advance(300_000);
    await expect(manager.submitProof(user, old.code)).rejects.toMatchObject(refused(4));
    expect(await manager.submitProof(user, code)).toMatchObject({ provider: 'two' });
  });

  it('has its five tries for as long as it is good', async () => {
    const user = somebody();
    const { code } = await finish(user);
    for (const _ of [1, 2, 3]) await expect(manager.submitProof(user, wrong(code))).rejects.toThrow();
    clock.advance(599_000);
    await expect(manager.submitProof(user, wrong(code))).rejects.toMatchObject(refused(1));
  });

  it('is over after ten minutes, to the millisecond; its grant is taken back', async () => {
    const user = somebody();
    const { code, connectId } = await finish(user);
    clock.advance(599_999);
    await expect(manager.submitProof(user, wrong(code))).rejects.toMatchObject(refused(4));
    clock.advance(1);
    const revocations = server.requestsTo('/revoke').length;
    await expect(manager.submitProof(user, code)).rejects.toMatchObject(over);
    expect(server.requestsTo('/revoke').length).toBeGreaterThan(revocations);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'expired' });
  });

  it('is tried twenty times in ten minutes by one user, over all flows, and then later again', async () => {
    const user = somebody();
    for (let tries = 0; tries < 20; tries += 1)
      await expect(manager.submitProof(user, 'AAAA2222')).rejects.toMatchObject({ code: 'code_refused' });
    await expect(manager.submitProof(user, 'AAAA2222')).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: expect.any(Number),
    });
    await expect(manager.submitProof(somebody(), 'AAAA2222')).rejects.toMatchObject({ code: 'code_refused' });
    clock.advance(600_001);
    await expect(manager.submitProof(user, 'AAAA2222')).rejects.toMatchObject({ code: 'code_refused' });
  });

  it('does not prove a connect that asks for another proof', async () => {
    const user = somebody();
    const { code } = await finish(user, { proof: 'app_verifier' });
    expect(code).toBe('');
    await expect(manager.submitProof(user, '')).rejects.toMatchObject(refused(0));
  });
});

describe('the verifier of a host', () => {
  const verify = (connectId: string, user: string, tenant?: string) =>
    manager.verifyConnect(connectId, user, { tenant });

  it('proves the person of the link, once', async () => {
    const user = somebody();
    const { connectId } = await finish(user, { proof: 'app_verifier' });
    expect(await verify(connectId, user)).toMatchObject({ connectId, provider: 'one' });
    await expect(verify(connectId, user)).rejects.toMatchObject(gone);
    expect(await manager.hasToken(user, 'one')).toBe(true);
  });

  it('is refused for another person, another tenant, another proof, and before the browser has come back', async () => {
    const user = somebody();
    const { connectId } = await finish(user, { proof: 'app_verifier' });
    await expect(verify(connectId, somebody())).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('person'),
    });
    await expect(verify(connectId, user, 'other')).rejects.toMatchObject({ code: 'unknown_connect' });
    await expect(verify('cn_none', user)).rejects.toMatchObject({ code: 'unknown_connect' });
    const typed = await finish(user, { provider: 'two' });
    await expect(verify(typed.connectId, user)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('verifier'),
    });
    const early = await manager.startConnect(user, 'two', { proof: 'app_verifier' });
    await expect(verify(early.connectId, user)).rejects.toMatchObject({
      ...gone,
      message: expect.stringContaining('awaits'),
    });
    expect(await verify(connectId, user)).toMatchObject({ connectId });
  });
});
