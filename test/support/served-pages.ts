/** Our pages, a browser that opens them, and another site; all of it ends with the test. */

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { browserRoutes } from '../../routes/browser.js';
import type { Brand } from '../../src/core/brand.js';
import { launchChromium, openWatchedPage, type WatchedPage } from './chromium.js';
import { fixedManager } from './fixed-manager.js';

let browser: Browser;
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/**
 * Serves our pages at `http://127.0.0.1:…`. Listens first, because the pages have to know the port.
 *
 * @param toOldBrowsers takes away the headers that browsers before 2023 do not send (`Sec-Fetch-…`)
 */
export async function serve(
  changes: Partial<typeof fixedManager> = {},
  brand: Brand = {},
  toOldBrowsers = false,
): Promise<string> {
  const app = fastify();
  if (toOldBrowsers) {
    app.addHook('onRequest', async ({ headers }) => {
      for (const name of Object.keys(headers)) if (name.startsWith('sec-fetch-')) delete headers[name];
    });
  }
  const { port } = await listen((request, response) => app.routing(request, response));
  const baseUrl = `http://127.0.0.1:${port}`;
  const manager = { ...fixedManager, ...changes };
  await app.register(browserRoutes, { manager, baseUrl, brand, now: () => Date.UTC(2026, 10, 21, 14) });
  await app.ready();
  open.push(app);
  return baseUrl;
}

/** A window of the browser, with its complaints and the origins of its requests. */
export async function visit(options: Parameters<typeof openWatchedPage>[1] = {}): Promise<WatchedPage> {
  const visitor = await openWatchedPage(browser, options);
  open.push(visitor);
  return visitor;
}

/** Serves another site: for a browser, `localhost` and `127.0.0.1` are different sites. */
export async function serveElsewhere(handle: RequestListener): Promise<string> {
  return `http://localhost:${(await listen(handle)).port}`;
}

async function listen(handle: RequestListener): Promise<AddressInfo> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return address;
}
