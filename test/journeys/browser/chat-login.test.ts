import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Journey, openJourney } from '../../support/browser-journey.js';
import { launchChromium, openWatchedPage } from '../../support/chromium.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';

const alice = 'slack:T1:U2';
let browser: Browser;
let journey: Journey;
let slack: ScriptedServer;
/** Who is signed in to Slack in this browser. */
let signedIn = { team: 'T1', user: 'U2' };
const server = createServer((request, response) => journey.app.routing(request, response));

beforeAll(async () => {
  slack = await startScriptedServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  slack.answer('/oauth/v2/authorize', ({ query }) => {
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('code', randomBytes(12).toString('hex'));
    back.searchParams.set('state', query.get('state') ?? '');
    return { status: 302, headers: { location: back.href } };
  });
  // As Slack answers: a status of 200, the workspace beside the person, the person's token one level deeper.
  slack.answer('/api/oauth.v2.access', () => ({
    json: {
      ok: true,
      team: { id: signedIn.team, name: 'Acme' },
      authed_user: { id: signedIn.user, access_token: 'xoxp-1', scope: 'identity.basic', token_type: 'user' },
    },
  }));
  slack.answer('/api/auth.revoke', { json: { ok: true, revoked: true } });
  journey = await openJourney({
    baseUrl: `http://localhost:${address.port}`,
    connectProof: 'chat_login',
    chatLogins: [{ platform: 'slack', provider: 'slack' }],
    providers: {
      slack: {
        client_id: 'slack-client',
        client_secret: 'slack-client-secret',
        authorization_endpoint: `${slack.url}/oauth/v2/authorize`,
        token_endpoint: `${slack.url}/api/oauth.v2.access`,
        revocation_endpoint: `${slack.url}/api/auth.revoke`,
      },
    },
  });
  browser = await launchChromium();
});
afterEach(() => {
  signedIn = { team: 'T1', user: 'U2' };
});
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await journey.close();
  await slack.close();
});

/** Connects until the page asks to sign in at Slack. */
async function connectUntilSignIn() {
  const watched = await openWatchedPage(browser);
  onTestFinished(watched.close);
  const { page } = watched;
  await page.goto(await journey.manager.generateConnectUrl(alice, 'example'));
  await page.getByRole('button', { name: 'Continue to Example' }).click();
  await page.getByRole('button', { name: 'Sign in at Slack' }).waitFor();
  expect(await page.locator('#return-code').count()).toBe(0);
  expect(await journey.manager.hasToken(alice, 'example')).toBe(false);
  return watched;
}

describe('chat_login with Slack, in Chromium', () => {
  it('the done page leads to Slack and back, through its policy, and then says that it is connected', async () => {
    const { page, complaints, origins } = await connectUntilSignIn();
    await page.getByRole('button', { name: 'Sign in at Slack' }).click();
    await page.getByRole('heading', { name: 'Example is connected' }).waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/oauth/example/done');
    expect((await journey.manager.requireToken(alice, 'example')).identity?.id).toBe('4711');
    expect(complaints).toEqual([]);
    expect([...origins]).toContain(slack.url);
    // What the sign-in brought was given back, and is no connection.
    expect(slack.requestsTo('/api/auth.revoke')).not.toEqual([]);
    expect((await journey.manager.listUserConnections(alice)).map(({ provider }) => provider)).toEqual(['example']);
    await journey.manager.deleteToken(alice, 'example');
  });

  it.each([
    ['another member of the workspace', { team: 'T1', user: 'U3' }],
    ['a member of that id in another workspace', { team: 'T9', user: 'U2' }],
  ])(
    '%s is not the person of the link: nothing is connected, and the grant is taken back (L1, L13)',
    async (_who, other) => {
      signedIn = other;
      const { page, complaints } = await connectUntilSignIn();
      const revoked = journey.provider.counts.revocation;
      await page.getByRole('button', { name: 'Sign in at Slack' }).click();
      await page.getByText('Nothing was connected').first().waitFor();
      expect(await journey.manager.hasToken(alice, 'example')).toBe(false);
      expect(journey.provider.counts.revocation).toBeGreaterThan(revoked);
      expect(complaints.filter((text) => /policy/i.test(text))).toEqual([]);
    },
  );

  it('another browser with the address of the done page is asked for nothing and shown nothing', async () => {
    const { page } = await connectUntilSignIn();
    const stranger = await openWatchedPage(browser);
    onTestFinished(stranger.close);
    await stranger.page.goto(page.url());
    await stranger.page.getByRole('heading', { name: 'Nothing to see here' }).waitFor();
    expect(await stranger.page.getByRole('button').count()).toBe(0);
  });
});
