/** Visits to the account page: a link that opens it once, and a session that ends by disuse or for good. */

import { describe, expect, it } from 'vitest';
import { openBrowserHalf, settle, user } from './browser-half.js';

const minute = 60_000;

/** A link from the chat, and its code. */
async function openLink() {
  const opened = await openBrowserHalf();
  const { url, expiresAt } = await opened.manager.createAccountLink(user, { tenant: 'acme' });
  return { ...opened, url: new URL(url), expiresAt, code: new URL(url).searchParams.get('link') ?? '' };
}

async function openSession() {
  const opened = await openLink();
  return { ...opened, ...(await opened.manager.redeemAccountLink(opened.code)) };
}

describe('an account link', () => {
  it('says whose page it opens, and looking at it changes nothing', async () => {
    const { manager, url, code } = await openLink();
    expect(`${url.origin}${url.pathname}`).toBe('http://localhost:3000/connections/enter');
    for (const _ of [1, 2]) expect(await manager.describeAccountLink(code)).toEqual({ tenant: 'acme', userId: user });
    expect(await manager.describeAccountLink('never-made')).toBeUndefined();
    expect(await manager.redeemAccountLink(code)).toMatchObject({ session: { tenant: 'acme', userId: user } });
  });

  it('opens it once: of two at once one enters, and the other is told and recorded', async () => {
    const { manager, code, trail } = await openLink();
    const { done, refusals } = await settle([0, 1].map(() => manager.redeemAccountLink(code)));
    expect(done).toBe(1);
    expect(refusals).toEqual([
      expect.objectContaining({ code: 'gone', message: expect.stringContaining('This link was used already') }),
    ]);
    expect(await trail('account_link.redeem')).toMatchObject([
      { actor: { kind: 'person', id: 'browser' }, outcome: 'refused', reason: 'gone' },
    ]);
  });

  it('is good for ten minutes, to the millisecond', async () => {
    const { manager, code, clock, expiresAt } = await openLink();
    expect(expiresAt).toBe(clock.now() + 10 * minute);
    clock.advance(10 * minute - 1);
    expect(await manager.describeAccountLink(code)).toBeDefined();
    clock.advance(1);
    expect(await manager.describeAccountLink(code)).toBeUndefined();
    await expect(manager.redeemAccountLink(code)).rejects.toMatchObject({ code: 'gone' });
  });
});

describe('a session', () => {
  it('has values of its own each time, and is found by its cookie alone', async () => {
    const { manager, session, sessionSecret, code } = await openSession();
    const secrets = [sessionSecret, session.csrfToken].map((secret) => secret.reveal());
    expect(new Set([...secrets, code]).size).toBe(3);
    const found = await manager.findSession(sessionSecret.reveal());
    expect(found?.csrfToken.reveal()).toBe(secrets[1]);
    expect(found).toMatchObject({ tenant: 'acme', userId: user, endsAt: session.endsAt });
    expect(await manager.findSession(code)).toBeUndefined();
  });

  it('ends after half an hour without a look, and each look puts that off', async () => {
    const { manager, sessionSecret, clock } = await openSession();
    for (const _ of [1, 2]) {
      clock.advance(30 * minute - 1);
      expect(await manager.findSession(sessionSecret.reveal())).toBeDefined();
    }
    clock.advance(30 * minute);
    expect(await manager.findSession(sessionSecret.reveal())).toBeUndefined();
  });

  it('ends after half an hour where nobody has ever looked', async () => {
    const { manager, sessionSecret, clock } = await openSession();
    clock.advance(30 * minute);
    expect(await manager.findSession(sessionSecret.reveal())).toBeUndefined();
  });

  it('ends after ten hours however much it is used', async () => {
    const { manager, session, sessionSecret, clock } = await openSession();
    expect(session.endsAt).toBe(clock.now() + 600 * minute);
    for (let left = 600; left > 20; left -= 20) {
      clock.advance(20 * minute);
      expect(await manager.findSession(sessionSecret.reveal())).toBeDefined();
    }
    clock.advance(20 * minute - 1);
    expect(await manager.findSession(sessionSecret.reveal())).toBeDefined();
    clock.advance(1);
    expect(await manager.findSession(sessionSecret.reveal())).toBeUndefined();
  });

  it('ends when its person leaves', async () => {
    const { manager, sessionSecret } = await openSession();
    await manager.endSession(sessionSecret.reveal());
    expect(await manager.findSession(sessionSecret.reveal())).toBeUndefined();
  });
});
