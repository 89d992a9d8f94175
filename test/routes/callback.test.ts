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

describe('the callback', () => {
  it('refuses another browser and leaves the flow to the right one (L1, L3)', async () => {
    const callback = await browser.consent(await connectUrl());
    const stranger = new JarBrowser(journey.app);
    expect((await stranger.get(callback)).statusCode).toBe(400);
    expect((await stranger.get('/oauth/example/done')).statusCode).toBe(410);
    expect(journey.provider.counts.token).toBe(0);
    expect((await browser.get(callback)).statusCode).toBe(303);
    expect(journey.provider.counts.token).toBe(1);
    expect((await stranger.get('/oauth/example/done')).body).not.toContain('return-code');
  });

  it('replaces a cookie that was planted before, and refuses one that came twice (L5)', async () => {
    browser.jar.set('valetkey_flow_example', 'planted');
    const callback = await browser.consent(await connectUrl());
    const chosen = browser.jar.get('valetkey_flow_example');
    expect(chosen).not.toBe('planted');
    const twice = `valetkey_flow_example=${chosen}; valetkey_flow_example=planted`;
    expect((await browser.get(callback, { cookie: twice })).statusCode).toBe(400);
    expect((await browser.get(callback)).statusCode).toBe(303);
  });

  it('takes one of many parallel answers and sends the others to the result (L8)', async () => {
    const callback = await browser.consent(await connectUrl());
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.get(callback)));
    expect(answers.filter(({ statusCode }) => statusCode === 303)).toHaveLength(1);
    expect(journey.provider.counts.token).toBe(1);
    const late = answers.find(({ statusCode }) => statusCode === 410);
    expect(late?.body).toContain('href="/oauth/example/done"');
    const stranger = await new JarBrowser(journey.app).get(callback);
    expect([stranger.statusCode, stranger.body.includes('/done')]).toEqual([410, false]);
  });

  it('of another provider is refused and burns nothing (S2-11, C1)', async () => {
    const callback = await browser.consent(await connectUrl());
    const cookie = `valetkey_flow_other=${browser.jar.get('valetkey_flow_example')}`;
    const swapped = callback.replace('/oauth/example', '/oauth/other');
    expect((await browser.get(swapped, { cookie })).statusCode).toBe(400);
    expect(journey.provider.counts.token).toBe(0);
    expect((await browser.get(callback)).statusCode).toBe(303);
  });

  it('has no HEAD and is not fetched ahead (L7)', async () => {
    const callback = await browser.consent(await connectUrl());
    const { pathname, search } = new URL(callback);
    const cookie = `valetkey_flow_example=${browser.jar.get('valetkey_flow_example')}`;
    const head = await journey.app.inject({ method: 'HEAD', url: pathname + search, headers: { cookie } });
    expect(head.statusCode).toBe(404);
    expect((await browser.get(callback, { 'sec-purpose': 'prefetch' })).statusCode).toBe(403);
    expect((await browser.get(callback)).statusCode).toBe(303);
  });

  it.each([
    ['', 400],
    ['?state=', 400],
    ['?code=c', 400],
    ['?state=unknown&code=c', 410],
    ['?state=STATE&code=a&code=b', 400],
    ['?state=STATE&state=x&code=a', 400],
    ['?state=STATE', 400],
    ['?state=STATE&code=a&error=x', 400],
  ])('answers %s without asking the provider for a token (C6)', async (query, status) => {
    const callback = new URL(await browser.consent(await connectUrl()));
    const hostile = query.replace('STATE', callback.searchParams.get('state') ?? '');
    const before = journey.provider.counts.token;
    const response = await browser.get(`/oauth/example/callback${hostile}`);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toContain('text/html');
    expect(journey.provider.counts.token).toBe(before);
  });

  it('says no to the person in plain words when the provider did, and never in its words (S2-37)', async () => {
    const callback = new URL(await browser.consent(await connectUrl()));
    const query = new URLSearchParams({
      state: callback.searchParams.get('state') ?? '',
      error: 'access_denied',
      error_description: '<script>CANARY</script>',
      error_uri: 'https://evil.example/CANARY',
    });
    const refused = await browser.get(`/oauth/example/callback?${query}`);
    expect(refused.headers.location).toBe('/oauth/example/done');
    const done = await browser.get('/oauth/example/done');
    expect(done.statusCode).toBe(400);
    expect(done.body).toContain('was told no');
    expect(done.body).not.toContain('CANARY');
    expect((await browser.get(callback.href)).statusCode).toBe(410);
  });

  it('says that the provider failed when it refuses the code', async () => {
    const callback = new URL(await browser.consent(await connectUrl()));
    callback.searchParams.set('code', 'forged');
    const response = await browser.get(callback.href);
    expect(response.statusCode).toBe(502);
    expect(response.body).toContain('nothing was connected');
  });
});
