import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseOwner } from '../../src/core/parse-input.js';
import { approve, open } from '../support/browser-walk.js';
import { Person } from '../support/person.js';
import { makePlace, openService, type StoreKind, storeKinds } from '../support/service.js';
import { type RelayedProvider, startRelayedProvider } from '../support/token-relay.js';

const user = 'chat:alice';

/** The configuration wants to know the provider; where it is, is only known when it listens. */
async function writeProviders(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'valetkey-chat-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const at = 'https://chat.example';
  const chat = { authorization_endpoint: at, token_endpoint: at, client_id: 'x', client_secret: 'x' };
  const path = join(directory, 'providers.json');
  await writeFile(path, JSON.stringify({ providers: { chat } }));
  return path;
}

/** A service where `strict` is connected and people sign in at `chat`, both real servers of their own. */
async function openChatLogin(kind: StoreKind) {
  const servers: Record<string, RelayedProvider> = {};
  const opened = await openService({
    place: await makePlace(kind),
    providers: async (callback) => {
      for (const id of ['strict', 'chat']) servers[id] = await startRelayedProvider({ redirectUri: callback(id) });
      return { strict: servers.strict?.entry ?? {}, chat: { ...servers.chat?.entry, display_name: 'Chat' } };
    },
    variables: {
      CONNECT_PROOF: 'chat_login',
      CHAT_LOGIN_PROVIDERS: 'chat:chat:openid',
      PROVIDERS_FILE: await writeProviders(),
    },
  });
  const { baseUrl } = opened;
  const { strict, chat } = servers;
  if (strict === undefined || chat === undefined) throw new TypeError('no provider was started');
  /** Presses the button of the done page; answers where the provider sends the browser back to. */
  const signIn = async (browser: Person, person: string, provider = 'strict') => {
    const started = await open({ url: `${baseUrl}/oauth/${provider}/login`, method: 'POST' }, browser.jar);
    const location = String(started.headers.get('location'));
    const callback = `${baseUrl}/oauth/chat/callback`;
    return { started, location, callback: () => approve(location, callback, { person, jar: browser.jar }) };
  };
  return { ...opened, strict, chat, signIn };
}

describe.each(storeKinds)('chat_login, on the %s store', (kind) => {
  it('connects when the person of the link signs in at the chat', async () => {
    const { bot, signIn, chat, store, log } = await openChatLogin(kind);
    const browser = new Person('octo');
    const { connectUrl, connectId } = await bot.connect(user, 'strict');
    const { page } = await browser.finish(await browser.consent(connectUrl));
    expect(page).toContain('Sign in at Chat');
    expect((await bot.token(user, 'strict')).body.code).toBe('awaiting_proof');
    const { location, callback } = await signIn(browser, 'alice');
    expect(new URL(location).searchParams.get('scope')).toBe('openid');
    expect(new URL(location).searchParams.get('code_challenge_method')).toBe('S256');
    const finish = await browser.finish(await callback());
    expect([finish.status, finish.url?.pathname]).toEqual([303, '/oauth/strict/done']);
    expect(finish.page).toContain('is connected');
    expect((await bot.token(user, 'strict')).body.account).toMatchObject({ id: 'octo' });
    expect((await bot.progress(connectId)).body.status).toBe('connected');
    const { access_token } = JSON.parse(chat.answers.at(-1) ?? '{}');
    expect(await chat.userinfoStatus(access_token)).toBe(401);
    expect((await bot.connections(user)).body.connections).toHaveLength(1);
    expect(log.join('')).not.toContain(access_token);
    const records = await store.connections.list(parseOwner(user, undefined));
    expect(records.connections.map(({ connection }) => connection.provider)).toEqual(['strict']);
    expect(records.awaiting).toEqual([]);
  });

  it('refuses another person, and takes back what was granted (L1, L2)', async () => {
    const { bot, signIn, strict } = await openChatLogin(kind);
    const browser = new Person('octo');
    const { connectUrl, connectId } = await bot.connect(user, 'strict');
    await browser.connect(connectUrl);
    const { callback } = await signIn(browser, 'mallory');
    const finish = await browser.finish(await callback());
    expect(finish.page).toContain('Nothing was connected');
    expect((await bot.token(user, 'strict')).body.code).toBe('not_connected');
    expect((await bot.progress(connectId)).body).toMatchObject({ status: 'failed', error: 'person_mismatch' });
    const { access_token } = JSON.parse(strict.answers.at(-1) ?? '{}');
    expect(await strict.userinfoStatus(access_token)).toBe(401);
    expect((await signIn(browser, 'alice')).started.status).toBe(410);
  });

  it('takes the answer from the browser that was sent, and from no other (L3)', async () => {
    const { bot, signIn, chat } = await openChatLogin(kind);
    const browser = new Person('octo');
    await browser.connect((await bot.connect(user, 'strict')).connectUrl);
    const callback = await (await signIn(browser, 'alice')).callback();
    expect((await new Person().finish(callback)).status).toBe(400);
    const onOtherPath = String(callback).replace('/oauth/chat/', '/oauth/strict/');
    expect((await browser.finish(onOtherPath)).status).toBe(400);
    expect(chat.requests('authorization_code')).toHaveLength(0);
    expect((await browser.finish(callback)).page).toContain('is connected');
    expect((await browser.finish(callback)).status).toBe(410);
  });

  it('lets somebody who cancelled try again, five times in all', async () => {
    const { bot, signIn, baseUrl, chat } = await openChatLogin(kind);
    const browser = new Person('octo');
    const { connectUrl, connectId } = await bot.connect(user, 'strict');
    await browser.connect(connectUrl);
    for (let tries = 0; tries < 5; tries += 1) {
      const { location } = await signIn(browser, 'alice');
      const state = new URL(location).searchParams.get('state');
      const iss = encodeURIComponent(chat.url);
      const denied = `${baseUrl}/oauth/chat/callback?error=access_denied&state=${state}&iss=${iss}`;
      expect((await browser.finish(denied)).page).toContain('Sign in at Chat');
    }
    expect((await signIn(browser, 'alice')).started.status).toBe(410);
    expect((await bot.progress(connectId)).body).toMatchObject({ status: 'failed', error: 'attempts_used_up' });
  });

  it('works where the chat platform itself is connected', async () => {
    const { bot, signIn } = await openChatLogin(kind);
    const browser = new Person('alice');
    await browser.connect((await bot.connect(user, 'chat')).connectUrl);
    const { callback } = await signIn(browser, 'alice', 'chat');
    expect((await browser.finish(await callback())).page).toContain('is connected');
    expect((await bot.token(user, 'chat')).status).toBe(200);
  });

  it('has no code to be typed, and no link for somebody of another platform', async () => {
    const { bot } = await openChatLogin(kind);
    await new Person('octo').connect((await bot.connect(user, 'strict')).connectUrl);
    expect((await bot.prove(user, 'AAAA2222')).status).toBe(403);
    const elsewhere = await bot.call('POST', '/users/u1/connect/strict', {
      chat_identity: { platform: 'matrix', name: 'x' },
    });
    expect(elsewhere).toMatchObject({ status: 400, body: { code: 'invalid_request', field: 'proof' } });
  });
});
