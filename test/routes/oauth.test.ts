import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JarBrowser, type Journey, openJourney } from '../support/browser-journey.js';

let journey: Journey;
let browser: JarBrowser;
const chat = { platform: 'slack', name: 'Alice Example' };

beforeEach(async () => {
  journey = await openJourney();
  browser = new JarBrowser(journey.app);
});
afterEach(() => journey.close());

const connectUrl = () => journey.manager.generateConnectUrl('slack:T1:U2', 'example', { chatIdentity: chat });
const codeOn = (body: string) => /id="return-code"[^>]*>(?<code>[^<]+)</.exec(body)?.groups?.code ?? '';

describe('the way from link to connection', () => {
  it('leads over landing page, provider and done page, and is active after the code was typed', async () => {
    const { manager } = journey;
    const landing = await browser.get(await connectUrl());
    expect(landing.body).toContain('Alice Example');
    const started = await browser.submit(landing);
    expect(started.statusCode).toBe(303);
    const authorizationUrl = new URL(String(started.headers.location));
    expect(authorizationUrl.searchParams.get('code_challenge_method')).toBe('S256');
    const back = await fetch(authorizationUrl, { redirect: 'manual' });
    const callback = await browser.get(back.headers.get('location') ?? '');
    expect(callback.statusCode).toBe(303);
    expect(callback.headers.location).toBe('/oauth/example/done');
    const done = await browser.get('/oauth/example/done');
    expect(done.body).toContain('octo-alice');
    expect(await manager.getToken('slack:T1:U2', 'example')).toBeUndefined();
    await manager.submitProof('slack:T1:U2', codeOn(done.body));
    expect(await manager.getToken('slack:T1:U2', 'example')).toBeDefined();
    const after = await browser.get('/oauth/example/done');
    expect(after.body).toContain('Example is connected');
    expect(after.body).not.toContain('return-code');
  });

  it('is told to its browser for an hour, also when the code came in its last minute', async () => {
    await browser.get(await browser.consent(await connectUrl()));
    expect(browser.received.at(-1)).toMatch(/^valetkey_flow_example=[\w-]{43}; Max-Age=3600; /);
    journey.clock.advance(590_000);
    await journey.manager.submitProof('slack:T1:U2', codeOn((await browser.get('/oauth/example/done')).body));
    journey.clock.advance(50 * 60_000);
    expect((await browser.get('/oauth/example/done')).body).toContain('Example is connected');
  });

  it('that was not confirmed in time is told to have ended, and shows no code any more', async () => {
    await browser.get(await browser.consent(await connectUrl()));
    journey.clock.advance(601_000);
    const { statusCode, body } = await browser.get('/oauth/example/done?again');
    expect([statusCode, codeOn(body)]).toEqual([410, '']);
    expect(body).toContain('The confirmation in the chat did not come in time');
  });

  it('sets the flow cookie for this browser and the time of the flow (L3)', async () => {
    await browser.submit(await browser.get(await connectUrl()));
    expect(browser.received).toEqual([
      expect.stringMatching(/^valetkey_flow_example=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
  });

  it('sets it with the prefix __Host- and Secure on https (S3-30)', async () => {
    const secure = await openJourney({ baseUrl: 'https://connect.example' });
    try {
      const visitor = new JarBrowser(secure.app);
      await visitor.submit(await visitor.get(await secure.manager.generateConnectUrl('u', 'example')));
      expect(visitor.received[0]).toMatch(/^__Host-valetkey_flow_example=.*; Path=\/; .*Secure$/);
      expect(visitor.received[0]).not.toContain('Domain');
    } finally {
      await secure.close();
    }
  });

  it('has code and state in no page, and on no page a link back to them (L17)', async () => {
    const callback = await browser.consent(await connectUrl());
    const { searchParams } = new URL(callback);
    const pages = [await browser.get(callback), await browser.get('/oauth/example/done'), await browser.get(callback)];
    for (const page of pages) {
      const shown = `${page.body} ${page.headers.location ?? ''}`;
      expect(shown).not.toContain(searchParams.get('code'));
      expect(shown).not.toContain(searchParams.get('state'));
    }
  });
});

describe('a link', () => {
  it('is still good after previews and HEAD (L7)', async () => {
    const url = await connectUrl();
    const previews = ['Slackbot-LinkExpanding 1.0', 'TelegramBot', 'Discordbot/2.0', 'facebookexternalhit/1.1'];
    for (const agent of previews) {
      expect((await browser.get(url, { 'user-agent': agent })).statusCode).toBe(200);
      const head = await journey.app.inject({ method: 'HEAD', url: url.replace('http://localhost:3000', '') });
      expect(head.statusCode).toBe(200);
    }
    expect((await browser.submit(await browser.get(url))).statusCode).toBe(303);
  });

  it('names every permission that is asked for, however many', async () => {
    const scopes = Array.from({ length: 60 }, (_, index) => `scope-${index}`);
    const { body } = await browser.get(await journey.manager.generateConnectUrl('u', 'example', { scopes }));
    expect(scopes.filter((scope) => !body.includes(`<code>${scope}</code>`))).toEqual([]);
  });

  it('starts one flow, however many browsers post it at once (L8)', async () => {
    const page = await browser.get(await connectUrl());
    const answers = await Promise.all(Array.from({ length: 50 }, () => new JarBrowser(journey.app).submit(page)));
    const statuses = answers.map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 303)).toHaveLength(1);
    expect(statuses.filter((status) => status === 410)).toHaveLength(49);
  });

  it('works at its own provider only, and is not burnt by another (L6)', async () => {
    const url = await connectUrl();
    const elsewhere = url.replace('/oauth/example', '/oauth/other');
    expect((await browser.get(elsewhere)).statusCode).toBe(410);
    const link = new URL(url).searchParams.get('link') ?? '';
    expect((await browser.post('/oauth/other', { link })).statusCode).toBe(410);
    expect((await browser.submit(await browser.get(url))).statusCode).toBe(303);
  });

  it('is over after its time (S2-12)', async () => {
    const url = await connectUrl();
    const page = await browser.get(url);
    journey.clock.advance(601_000);
    expect((await browser.submit(page)).statusCode).toBe(410);
  });

  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site', origin: 'null' }],
  ])('is not spent by a form of another site: %o', async (headers) => {
    const url = await connectUrl();
    const link = new URL(url).searchParams.get('link') ?? '';
    expect((await browser.post('/oauth/example', { link }, headers)).statusCode).toBe(403);
    const own = { origin: 'null', 'sec-fetch-site': 'same-origin' };
    expect((await browser.post('/oauth/example', { link }, own)).statusCode).toBe(303);
  });

  it('has its sign-in at the chat begun by no form of another site: each would cost a try (A10)', async () => {
    await browser.get(await browser.consent(await connectUrl()));
    const foreign = { origin: 'https://evil.example' };
    expect((await browser.post('/oauth/example/login', {}, foreign)).statusCode).toBe(403);
    expect((await browser.post('/oauth/example/login', {})).statusCode).toBe(410);
  });
});

describe('a link that is opened once more', () => {
  const wayBack = 'href="/oauth/example/done"';

  it('leads the browser that finished back to its code, while that is awaited', async () => {
    const url = await connectUrl();
    await browser.get(await browser.consent(url));
    expect(await browser.get(url)).toMatchObject({ statusCode: 410, body: expect.stringContaining(wayBack) });
    await journey.manager.submitProof('slack:T1:U2', codeOn((await browser.get('/oauth/example/done')).body));
    expect((await browser.get(url)).body).not.toContain(wayBack);
  });

  it('leads nobody else there, and nobody who has not finished', async () => {
    const url = await connectUrl();
    const callback = await browser.consent(url);
    expect((await browser.get(url)).body).not.toContain(wayBack);
    await browser.get(callback);
    expect((await new JarBrowser(journey.app).get(url)).body).not.toContain(wayBack);
  });
});
