/** A manager with its store at hand, and what a browser does at it, without pages. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import type { AuditAct } from '../../src/core/audit.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import type { StartedAuthorization } from '../../src/core/views.js';
import { type ManagerOptions, openManager } from '../../src/open-manager.js';
import { openStore } from '../../src/open-store.js';
import { createManualClock } from '../support/clock.js';
import { entryAt, startScriptedServer } from '../support/scripted-server.js';
import { scriptTokens } from '../support/scripted-tokens.js';

export const user = 'chat:ada';
export type BrowserHalf = Awaited<ReturnType<typeof openBrowserHalf>>;

/** Opens it with the providers `one` and `two` at one scripted server, where everybody is the account 4711. */
export async function openBrowserHalf(entry: Partial<ProviderEntry> = {}, more: Partial<ManagerOptions> = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-browser-half-'));
  const server = await startScriptedServer();
  const tokens = scriptTokens(server);
  server.answer('/userinfo', { json: { sub: '4711', name: 'Ada' } });
  server.answer('/revoke', { status: 200 });
  const encryptionKeys = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const store = await openStore({ dataDir, encryptionKeys, now: clock.now });
  const at = (name: string) =>
    entryAt(server.url, { display_name: name, identity: { id: 'sub', name: 'name' }, ...entry });
  const manager = await openManager({
    baseUrl: 'http://localhost:3000',
    providers: { one: at('One'), two: at('Two') },
    encryptionKeys,
    store,
    now: clock.now,
    backgroundWork: false,
    allowInsecureLoopbackProviders: true,
    ...more,
  });
  onTestFinished(async () => {
    await manager.close();
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  /** The link of a new connect. */
  const link = async (request: Parameters<typeof manager.startConnect>[2] = {}, who = user) => {
    const started = await manager.startConnect(who, 'one', request);
    return { ...started, code: new URL(started.connectUrl).searchParams.get('link') ?? '' };
  };
  /** Presses Continue and gives consent; answers what the browser brings back, and its cookie. */
  const consent = async (code: string, provider = 'one') => {
    const started = await manager.startAuthorization(provider, code);
    return { ...started, answer: await answerOf(started), cookie: started.browserSecret.reveal() };
  };
  /** Everything up to the done page; answers what it shows. */
  const finish = async (request: Parameters<typeof manager.startConnect>[2] = {}, who = user) => {
    const { code, connectId } = await link(request, who);
    const { answer, cookie } = await consent(code);
    await manager.finishAuthorization('one', answer, cookie);
    return { connectId, cookie, answer, page: await manager.describeFinished('one', cookie) };
  };
  /** What the trail says of one act, oldest first. */
  const trail = async (act: AuditAct) =>
    (await manager.audit.read(defaultTenant, undefined, 100))
      .map(({ entry }) => entry)
      .filter((each) => each.act === act);
  const events = async () => (await manager.events.read(defaultTenant, undefined, 100)).map(({ event }) => event);
  return { manager, server, tokens, store, dataDir, clock, link, consent, finish, trail, events };
}

/** Where the authorization server sends the browser back to: at once, with consent. */
export async function answerOf({ authorizationUrl }: Pick<StartedAuthorization, 'authorizationUrl'>) {
  const { headers } = await fetch(authorizationUrl, { redirect: 'manual' });
  return new URL(headers.get('location') ?? '').searchParams;
}

/** How many of these calls came through, and what the others were told. */
export async function settle(calls: readonly Promise<unknown>[]) {
  const settled = await Promise.allSettled(calls);
  const refusals = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  return { done: settled.length - refusals.length, refusals };
}
