/** A service whose base URL has a path: a browser is led to nothing beside it. */

import { expect, it, onTestFinished } from 'vitest';
import { JarBrowser, openJourney } from '../support/browser-journey.js';

type Answer = Awaited<ReturnType<JarBrowser['get']>>;

/** Where an answer leads on this host: by redirect, form, link, stylesheet or script. */
function pathsOf({ headers, body }: Answer): readonly string[] {
  const inPage = [...body.matchAll(/(?:href|action|src)="(?<path>\/[^"]*)"/g)].map(({ groups }) => groups?.path ?? '');
  const location = String(headers.location ?? '').replace(/^http:\/\/localhost:3000(?=\/)/, '');
  return [...inPage, ...(location.startsWith('/') ? [location] : [])];
}

it('every page, form and redirect stays below the path', async () => {
  const journey = await openJourney({ baseUrl: 'http://localhost:3000/keys' });
  onTestFinished(() => journey.close());
  const { manager, app } = journey;
  const browser = new JarBrowser(app);
  const seen: Answer[] = [];
  const see = async (answer: Promise<Answer>) => {
    seen.push(await answer);
    return answer;
  };
  const visit = (url: string) => see(browser.get(url, { accept: 'text/html' }));
  const connectUrl = await manager.generateConnectUrl('alice', 'example');
  await visit(connectUrl);
  const callback = await browser.consent(connectUrl);
  const { searchParams } = new URL(callback);
  await see(new JarBrowser(app).post(callback, Object.fromEntries(searchParams)));
  for (const url of [callback, callback, '/keys/oauth/example/done', connectUrl]) await visit(url);
  const done = await visit('/keys/oauth/example/done?again');
  await manager.submitProof('alice', /id="return-code"[^>]*>(?<code>[^<]+)</.exec(done.body)?.groups?.code ?? '');
  const { url: accountLink } = await manager.createAccountLink('alice');
  await see(browser.submit(await visit(accountLink)));
  await visit(accountLink);
  const press = async (action: string) => see(browser.submit(await visit('/keys/connections'), action));
  await press('/other/connect"');
  const asked = new URL(String((await press('/example/connect"')).headers.location));
  await browser.get(await browser.consent(asked.href));
  const code = /id="return-code"[^>]*>(?<code>[^<]+)</.exec((await browser.get('/keys/oauth/example/done')).body);
  await manager.submitProof('alice', code?.groups?.code ?? '');
  await visit('/keys/oauth/example/done');
  for (const action of ['/pause"', '/resume"', '/disconnect"', '/leave"']) await press(action);
  await visit('/keys/oauth/nowhere');
  const paths = seen.flatMap(pathsOf);
  expect(paths.length).toBeGreaterThan(50);
  expect(paths.filter((path) => !path.startsWith('/keys/'))).toEqual([]);
  expect(seen.map(({ statusCode }) => statusCode).filter((status) => status >= 500)).toEqual([]);
});
