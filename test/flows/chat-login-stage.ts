/** People who connect at one provider and prove who they are by signing in at another one. */

import { expect } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import type { ManagerOptions } from '../../src/open-manager.js';
import { answerOf, type BrowserHalf, openBrowserHalf } from './browser-half.js';

/** There is nothing to sign in for (any more). */
export const over = { code: 'gone', message: expect.stringContaining('waits for a sign-in') };
/** Where people of the platform sign in. */
export const login = { platform: 'chat', provider: providerIdSchema.parse('two') };

/** People are connected at `one` and sign in at `two`, where `ada` is the account 4711 of the scripted server. */
export async function openLogin(entry: Partial<ProviderEntry> = {}, more: Partial<ManagerOptions> = {}) {
  const options = { connectProof: 'chat_login', chatLogins: [login], ...more } as const;
  const half = await openBrowserHalf({ issuer: 'https://as.example', ...entry }, options);
  return { ...half, ...journeysOf(half) };
}

/** The person who signs in, and somebody else, by their ids at the platform. */
export const ada = 'chat:4711';
export const mallory = 'chat:4712';

function journeysOf({ manager, link, consent, server }: BrowserHalf) {
  /** Connects up to the done page, which asks to sign in. */
  const connect = async (who = ada) => {
    const { code, connectId } = await link({}, who);
    const { answer, cookie } = await consent(code);
    await manager.finishAuthorization('one', answer, cookie);
    return { connectId, cookie };
  };
  /** Presses the button of the done page; answers what the browser brings back. */
  const signIn = async (cookie: string) => answerOf(await manager.startChatLogin('one', cookie));
  const finish = (answer: URLSearchParams, cookie?: string, at = 'two') => manager.finishChatLogin(at, answer, cookie);
  /** Revocations of tokens that the sign-in brought, not of the grant. */
  const revoked = () => server.requestsTo('/revoke').map(({ form }) => form.get('token'));
  return { connect, signIn, finish, revoked };
}
