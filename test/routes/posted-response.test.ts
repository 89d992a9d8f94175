import { afterEach, beforeEach, expect, it } from 'vitest';
import { JarBrowser, type Journey, openJourney } from '../support/browser-journey.js';

let journey: Journey;
let browser: JarBrowser;

beforeEach(async () => {
  journey = await openJourney();
  browser = new JarBrowser(journey.app);
});
afterEach(() => journey.close());

const connectUrl = () => journey.manager.generateConnectUrl('slack:T1:U2', 'example', {});

/** As the provider's page has it posted: from another site, so that the flow cookie stays at home. */
const postFromElsewhere = async (fields: Record<string, string>) =>
  new JarBrowser(journey.app).post('/oauth/example/callback', fields, {
    origin: 'https://provider.example',
    'sec-fetch-site': 'cross-site',
  });

it('has an answer by form post posted again by our own page, with nothing but its own parameters (L20)', async () => {
  const callback = new URL(await browser.consent(await connectUrl()));
  const page = await postFromElsewhere({ ...Object.fromEntries(callback.searchParams), next: 'x"><script>' });
  expect(page.statusCode).toBe(200);
  expect(page.body).not.toMatch(/next|<script>/);
  expect(page.headers).toMatchObject({ 'cache-control': 'no-store' });
  expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  expect(journey.provider.counts.token).toBe(0);
  expect((await browser.submit(page)).headers.location).toBe('/oauth/example/done');
});

it.each(['iss', 'error', 'user'])('keeps the parameter "%s" of the answer on the way', async (name) => {
  const page = await postFromElsewhere({ state: 's', [name]: 'https://as.example/"' });
  expect(page.body).toContain(`name="${name}" value="https://as.example/&quot;"`);
});

it('does not go in circles in a browser without the cookie, and spends nothing there (L3, L20)', async () => {
  const callback = new URL(await browser.consent(await connectUrl()));
  const page = await postFromElsewhere(Object.fromEntries(callback.searchParams));
  const other = await new JarBrowser(journey.app).submit(page);
  expect(other.statusCode).toBe(400);
  expect(journey.provider.counts.token).toBe(0);
  expect((await browser.submit(page)).headers.location).toBe('/oauth/example/done');
});

it('sees a repeated parameter in an answer by form post too (C6)', async () => {
  const { search } = new URL(await browser.consent(await connectUrl()));
  const posted = await journey.app.inject({
    method: 'POST',
    url: '/oauth/example/callback',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `${search.slice(1)}&code=another`,
  });
  expect((await browser.submit(posted)).statusCode).toBe(400);
  expect(journey.provider.counts.token).toBe(0);
});
