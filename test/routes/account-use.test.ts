import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultTenant } from '../../src/core/identifiers.js';
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

describe('pausing', () => {
  const act = async (name: string, ...texts: string[]) =>
    browser.submit(await browser.get('/connections'), `/${name}"`, ...texts);

  it('lets nobody use the account that the form names, says so, and resumes it', async () => {
    await connect(alice);
    await connect(alice, 'work');
    await enter(alice);
    const paused = await act('pause', 'value="work"');
    expect([paused.statusCode, paused.headers.location]).toEqual([303, '/connections']);
    await expect(journey.manager.requireToken(alice, 'example', { account: 'work' })).rejects.toMatchObject({
      code: 'not_connected',
      paused: true,
    });
    await journey.manager.requireToken(alice, 'example');
    const page = (await browser.get('/connections')).body;
    expect(page).toMatch(/You paused this on \d.* UTC\. Nobody can use it until you resume/);
    expect(page).toContain('Resume Example');
    await act('resume', 'value="work"');
    await journey.manager.requireToken(alice, 'example', { account: 'work' });
    expect((await browser.get('/connections')).body).not.toContain('Resume Example');
  });

  it('ends with a new consent of the person', async () => {
    await connect(alice);
    await enter(alice);
    await act('pause');
    expect(await journey.manager.hasToken(alice, 'example')).toBe(false);
    await connect(alice);
    expect(await journey.manager.hasToken(alice, 'example')).toBe(true);
  });

  it('stands in the audit trail with the person who did it', async () => {
    await connect(alice);
    await enter(alice);
    await act('pause');
    await act('resume');
    await act('connect');
    await act('disconnect');
    const told = ['pause', 'resume', 'connect.create', 'disconnect'];
    const trail = await journey.manager.audit.read(defaultTenant, undefined, 100);
    const acts = trail.map(({ entry }) => entry).filter((entry) => told.includes(entry.act) && entry.address);
    const person = { kind: 'person', id: alice };
    expect(acts).toMatchObject([
      { act: 'pause', outcome: 'ok', actor: person, user: alice, provider: 'example', account: 'default' },
      { act: 'resume', outcome: 'ok', actor: person },
      { act: 'connect.create', actor: person, object: expect.stringMatching(/^cn_/) },
      { act: 'disconnect', actor: person, reason: 'revoked: yes' },
    ]);
  });

  it('is told by its forms alone: looking at the page without a session writes nothing', async () => {
    expect((await browser.get('/connections')).statusCode).toBe(401);
    expect(await journey.manager.audit.read(defaultTenant, undefined, 100)).toEqual([]);
  });

  it('of what is not there changes nothing and leads back to the page', async () => {
    const csrf = await enter(alice);
    expect((await browser.post('/connections/example/pause', { csrf_token: csrf })).statusCode).toBe(303);
    expect(await journey.manager.listUserConnections(alice)).toEqual([]);
    const trail = await journey.manager.audit.read(defaultTenant, undefined, 100);
    expect(trail.at(-1)?.entry).toMatchObject({ act: 'pause', outcome: 'refused', user: alice, provider: 'example' });
  });

  it.each(['pause', 'resume'])('by %s wants the CSRF token of this session, and our own page', async (name) => {
    await connect(alice);
    const csrf = await enter(alice);
    if (name === 'resume') await journey.manager.pauseConnection(alice, 'example');
    const before = await journey.manager.hasToken(alice, 'example');
    const path = `/connections/example/${name}`;
    const foreign = await enter(bob, new JarBrowser(journey.app));
    const answers = [
      await browser.post(path, {}),
      await browser.post(path, { csrf_token: 'wrong' }),
      await browser.post(path, { csrf_token: foreign }),
      await browser.post(path, { csrf_token: csrf }, { origin: 'https://evil.example' }),
      await browser.get(path, { accept: 'text/html' }),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403, 403, 404]);
    expect(await journey.manager.hasToken(alice, 'example')).toBe(before);
  });
});

describe('who used a connection', () => {
  const use = (caller: string, name?: string, purpose?: string) =>
    journey.manager.requireToken(alice, 'example', {
      usedBy: { caller, ...(name && { name }), ...(purpose && { purpose }) },
    });

  it('stands on the page: which tool, when, and what for if it said so; the newest is the last use', async () => {
    await connect(alice);
    await use('5f1d', 'Team calendar', 'find <free> hours');
    await expect.poll(async () => (await journey.manager.listTokenUses(alice, 'example')).length).toBe(1);
    journey.clock.advance(120_000);
    await use('bot');
    await expect.poll(async () => (await journey.manager.listTokenUses(alice, 'example')).length).toBe(2);
    await enter(alice);
    const { body } = await browser.get('/connections');
    expect(body).toMatch(/Last used: <time[^>]*>[^<]*<\/time> <bdi>by bot<\/bdi>/);
    const ledger = /<ol>[\s\S]*<\/ol>/.exec(body)?.[0] ?? '';
    const rows = [...ledger.matchAll(/<li>(?<row>[\s\S]*?)<\/li>/g)].map(({ groups }) =>
      groups?.row?.replace(/<[^>]*>/g, '').trim(),
    );
    expect(rows).toEqual([
      expect.stringMatching(/^bot \d.* UTC$/),
      expect.stringMatching(/^Team calendar find &lt;free&gt; hours \d.* UTC$/),
    ]);
  });

  it('is cut to the latest ten, and is nobody else’s', async () => {
    await connect(alice);
    for (let index = 0; index < 12; index += 1) await use('bot', undefined, `task ${index}.`);
    await expect.poll(async () => (await journey.manager.listTokenUses(alice, 'example')).length).toBe(12);
    await enter(alice);
    const { body } = await browser.get('/connections');
    expect(body).toContain('Who used it (10)');
    expect([body.includes('task 11.'), body.includes('task 1.')]).toEqual([true, false]);
    const other = new JarBrowser(journey.app);
    await enter(bob, other);
    expect((await other.get('/connections')).body).not.toContain('task');
  });
});
