import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectOn, enterOn, JarBrowser, type Journey, openJourney } from '../support/browser-journey.js';

let journey: Journey;
let browser: JarBrowser;
const alice = 'slack:T1:alice';
const bob = 'slack:T1:bob';

beforeEach(async () => {
  journey = await openJourney();
  browser = new JarBrowser(journey.app);
});
afterEach(() => journey.close());

const connect = (userId: string, account?: string) => connectOn(journey, userId, account);
const enter = (userId: string, visitor: JarBrowser = browser) => enterOn(journey, userId, visitor);

describe('the way in', () => {
  it('shows at GET, spends at POST, and works once', async () => {
    const { url } = await journey.manager.createAccountLink(alice);
    const first = await browser.get(url);
    const entrance = await browser.get(url);
    expect([first.statusCode, entrance.statusCode]).toEqual([200, 200]);
    const entered = await browser.submit(entrance);
    expect(entered.statusCode).toBe(303);
    expect(entered.headers.location).toBe('/connections');
    expect((await browser.get('/connections')).statusCode).toBe(200);
    expect((await new JarBrowser(journey.app).submit(entrance)).statusCode).toBe(410);
    expect((await browser.get(url)).statusCode).toBe(410);
  });

  it('leads the browser that is already inside back in when it is opened once more, and no other', async () => {
    const { url } = await journey.manager.createAccountLink(alice);
    await browser.submit(await browser.get(url));
    const way = 'href="/connections"';
    const again = await browser.get(url);
    expect([again.statusCode, again.body.includes(way)]).toEqual([410, true]);
    expect((await new JarBrowser(journey.app).get(url)).body).not.toContain(way);
    journey.clock.advance(31 * 60_000);
    expect((await browser.get(url)).body).not.toContain(way);
  });

  it('always begins a session of its own, in a cookie that scripts cannot read (A10)', async () => {
    browser.jar.set('valetkey_session', 'planted');
    await enter(alice);
    expect(browser.jar.get('valetkey_session')).not.toBe('planted');
    expect(browser.received[0]).toMatch(/^valetkey_session=[\w-]{43}; Max-Age=36000; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it('does not take the code of a connect link, nor the other way round (L6)', async () => {
    const connectUrl = new URL(await journey.manager.generateConnectUrl(alice, 'example'));
    const account = new URL((await journey.manager.createAccountLink(alice)).url);
    const link = (url: URL) => url.searchParams.get('link') ?? '';
    expect((await browser.post('/connections/enter', { link: link(connectUrl) })).statusCode).toBe(410);
    expect((await browser.post('/oauth/example', { link: link(account) })).statusCode).toBe(410);
  });

  it.each([
    ['the origin of another site', { origin: 'https://evil.example' }],
    ['a form of another site', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ])(
    'is not gone by %s, which could let its visitor connect to somebody else’s account (A10)',
    async (_title, headers) => {
      const { url } = await journey.manager.createAccountLink(bob);
      const link = new URL(url).searchParams.get('link') ?? '';
      expect((await browser.post('/connections/enter', { link }, headers)).statusCode).toBe(403);
      expect((await browser.get('/connections')).statusCode).toBe(401);
      expect((await browser.post('/connections/enter', { link })).statusCode).toBe(303);
    },
  );

  it('is the only one: without a session every path says so', async () => {
    const asked = [await browser.get('/connections')];
    for (const path of ['example/connect', 'example/disconnect', 'leave']) {
      asked.push(await browser.post(`/connections/${path}`, { csrf_token: 'x' }));
    }
    expect(asked.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 401]);
  });
});

describe('the page', () => {
  it('lists what this person has connected and nobody else', async () => {
    await connect(alice, 'work');
    await enter(alice);
    const mine = await browser.get('/connections');
    for (const text of ['octo-alice', 'work', 'Disconnect Example', 'Connect Other']) expect(mine.body).toContain(text);
    const other = new JarBrowser(journey.app);
    await enter(bob, other);
    expect((await other.get('/connections')).body).not.toContain('octo-alice');
  });

  it('has no secret on it (A4)', async () => {
    await connect(alice);
    const token = await journey.manager.requireToken(alice, 'example');
    await enter(alice);
    const { body } = await browser.get('/connections');
    expect(body).toContain('octo-alice');
    expect(body).not.toContain(token.accessToken.reveal());
    expect(body).not.toContain(browser.jar.get('valetkey_session'));
  });

  it('ends with its session, wherever that was ended', async () => {
    await enter(alice);
    await journey.manager.endSession(browser.jar.get('valetkey_session') ?? '');
    expect((await browser.get('/connections')).statusCode).toBe(401);
  });

  it('ends after half an hour without a visit', async () => {
    await enter(alice);
    journey.clock.advance(31 * 60_000);
    expect((await browser.get('/connections')).statusCode).toBe(401);
  });
});

describe('connecting from the page', () => {
  it('leads to the landing page and needs the same proof as everything else (L15)', async () => {
    const csrf = await enter(alice);
    const started = await browser.post('/connections/example/connect', { csrf_token: csrf });
    expect(started.statusCode).toBe(303);
    const callback = await browser.consent(String(started.headers.location));
    await browser.get(callback);
    const done = await browser.get('/oauth/example/done');
    expect(done.body).toContain('id="return-code"');
    expect(await journey.manager.getToken(alice, 'example')).toBeUndefined();
    expect((await browser.get('/connections')).body).not.toContain('octo-alice');
    await journey.manager.submitProof(
      alice,
      /id="return-code"[^>]*>(?<code>[^<]+)</.exec(done.body)?.groups?.code ?? '',
    );
    expect((await browser.get('/oauth/example/done')).body).toContain('href="/connections"');
  });

  it('connects the same account again with the scope it had', async () => {
    const { manager } = journey;
    await manager.storeToken(alice, { provider: 'example', accessToken: 'at', scope: ['other'] });
    await manager.storeToken(alice, { provider: 'example', account: 'work', accessToken: 'at', scope: ['mine'] });
    await enter(alice);
    const { headers } = await browser.submit(await browser.get('/connections'), '/connect"', 'value="work"');
    const callback = await browser.consent(String(headers.location));
    await browser.get(callback);
    const { body } = await browser.get('/oauth/example/done');
    await manager.submitProof(alice, /id="return-code"[^>]*>(?<code>[^<]+)</.exec(body)?.groups?.code ?? '');
    const present = await manager.listUserConnections(alice);
    expect(present.map(({ account, scope }) => [account, scope])).toEqual([
      ['default', ['other']],
      ['work', ['mine']],
    ]);
  });
});

describe('disconnecting', () => {
  it('revokes, forgets and says so', async () => {
    await connect(alice);
    const csrf = await enter(alice);
    const gone = await browser.post('/connections/example/disconnect', { csrf_token: csrf });
    expect(gone.statusCode).toBe(200);
    expect(gone.body).toContain('was taken back at Example and erased here');
    expect(journey.provider.counts.revocation).toBe(1);
    expect(await journey.manager.hasToken(alice, 'example')).toBe(false);
  });

  it('is not said to be unconfirmed when its answer is loaded anew', async () => {
    await connect(alice);
    await connect(alice, 'work');
    const csrf = await enter(alice);
    await browser.post('/connections/example/disconnect', { csrf_token: csrf, account: 'default' });
    const again = await browser.post('/connections/example/disconnect', { csrf_token: csrf, account: 'default' });
    expect(again).toMatchObject({ statusCode: 200, body: expect.stringContaining('It was disconnected before.') });
    expect(again.body).not.toContain('did not confirm');
    expect(journey.provider.counts.revocation).toBe(1);
  });

  it('ends the account that the form names and no other', async () => {
    await connect(alice);
    await connect(alice, 'work');
    await enter(alice);
    await browser.submit(await browser.get('/connections'), '/disconnect', 'value="work"');
    const left = await journey.manager.listUserConnections(alice);
    expect(left.map(({ account }) => account)).toEqual(['default']);
  });

  it.each([
    ['no CSRF token', {}, {}, 403],
    ['a wrong CSRF token', { csrf_token: 'wrong' }, {}, 403],
    ['a page of another site', { csrf_token: 'RIGHT' }, { origin: 'https://evil.example' }, 403],
    ['a frame of another site', { csrf_token: 'RIGHT' }, { origin: 'null', 'sec-fetch-site': 'cross-site' }, 403],
    ['a sibling domain', { csrf_token: 'RIGHT' }, { 'sec-fetch-site': 'same-site' }, 403],
    ['a broken account', { csrf_token: 'RIGHT', account: '\u0000' }, {}, 400],
  ])('is refused with %s (A10)', async (_name, fields: Record<string, string>, headers, status) => {
    await connect(alice);
    const csrf = await enter(alice);
    const form = fields.csrf_token === 'RIGHT' ? { ...fields, csrf_token: csrf } : fields;
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    expect((await browser.post('/connections/example/disconnect', form, sent)).statusCode).toBe(status);
    expect(await journey.manager.hasToken(alice, 'example')).toBe(true);
  });

  it("does not take the CSRF token of another person's session (A10)", async () => {
    await connect(alice);
    await enter(alice);
    const csrf = await enter(bob, new JarBrowser(journey.app));
    expect((await browser.post('/connections/example/disconnect', { csrf_token: csrf })).statusCode).toBe(403);
    expect(await journey.manager.hasToken(alice, 'example')).toBe(true);
  });

  it('changes nothing by GET', async () => {
    await connect(alice);
    await enter(alice);
    for (const path of ['example/disconnect', 'example/connect', 'leave']) {
      const page = await browser.get(`/connections/${path}`, { accept: 'text/html' });
      expect(page.statusCode).toBe(404);
    }
    expect(await journey.manager.hasToken(alice, 'example')).toBe(true);
    expect((await browser.get('/connections')).statusCode).toBe(200);
  });
});

describe('leaving', () => {
  it('ends the session here and in the browser, and leaves the connections', async () => {
    await connect(alice);
    const csrf = await enter(alice);
    const secret = browser.jar.get('valetkey_session') ?? '';
    const left = await browser.post('/connections/leave', { csrf_token: csrf });
    expect(left.body).toContain('You have left');
    expect(browser.jar.has('valetkey_session')).toBe(false);
    expect(await journey.manager.findSession(secret)).toBeUndefined();
    expect(await journey.manager.hasToken(alice, 'example')).toBe(true);
  });
});
