/** All browser pages as one Fastify plugin: those for connecting and the account page, with what they share. */

import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Brand } from '../src/core/brand.js';
import { Forbidden } from '../src/core/errors.js';
import { type AccountManager, addAccountRoutes } from './account.js';
import { recordLimited, recordRefusedForm } from './audit.js';
import { createPageSender } from './browser-pages.js';
import { addClientMetadataRoute, type DescribingManager } from './mcp.js';
import { addOAuthRoutes, type BrowserContext, type ConnectingManager } from './oauth.js';
import { isPrefetch, pageHeaders, pictureSecurityPolicy, requireOwnOrigin } from './page-headers.js';
import { type Assets, readAssets } from './pages/assets.js';
import { createRender } from './pages/render.js';
import { createRateLimits, type RateLimitOptions } from './rate-limit.js';
import { type SignalledManager, signalRoutes } from './signals.js';
import { describeSite } from './site.js';

/** What the pages need. */
export interface BrowserRoutesOptions {
  readonly manager: ConnectingManager & AccountManager & Partial<DescribingManager & SignalledManager>;
  /** Public origin and path prefix of this service; https unless loopback. */
  readonly baseUrl: string;
  /** Epoch ms; for the lifetime of cookies. */
  readonly now: () => number;
  /** Name, colour and logo of whoever runs this. */
  readonly brand?: Brand;
  /** How often one address may ask; without it, there is no limit. */
  readonly limits?: RateLimitOptions;
}

/** Largest form that is accepted, in bytes: an authorization response by form post is smaller, with all its extras. */
const formLimit = 32 * 1024;

/**
 * `/oauth/…`, `/connections/…` and `/assets/…`.
 *
 * Headers, error pages and the parser, which takes forms only, stay inside the plugin.
 */
export const browserRoutes: FastifyPluginAsync<BrowserRoutesOptions> = async (app, options) => {
  const site = describeSite(options.baseUrl);
  const { brand = {} } = options;
  const assets = readAssets(brand);
  const pages = createPageSender(createRender(site, assets, brand));
  const context: BrowserContext<ConnectingManager & AccountManager> = {
    manager: options.manager,
    site,
    pages,
    brandName: brand.name,
    now: options.now,
    ownFormsOnly: async (request) => requireOwnOrigin(request.headers, site),
  };

  const { manager } = options;
  const limits = options.limits && createRateLimits(options.limits, (...stopped) => recordLimited(manager, ...stopped));
  app.removeAllContentTypeParsers();
  await app.register(formbody, { bodyLimit: formLimit });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(pageHeaders(site));
    if (isPrefetch(request.headers)) throw new Forbidden('Pages are not fetched ahead.');
    if (!request.url.startsWith(`${app.prefix}/assets/`)) await limits?.browser(request, reply);
  });
  app.setErrorHandler(async (error, request, reply) => {
    await recordRefusedForm(manager, request, error);
    return pages.error(request, reply, error);
  });

  addAssetRoute(app, assets);
  addOAuthRoutes(app, context);
  addAccountRoutes(app, context);
  addClientMetadataRoute(app, manager);
  const { signals } = manager;
  if (signals) await app.register(signalRoutes, { manager: { signals } });
  for (const path of ['/oauth/*', '/connections/*', '/assets/*']) {
    app.all(path, async (request, reply) => {
      if (!/text\/html/i.test(request.headers.accept ?? '')) return reply.callNotFound();
      return pages.message(request, reply.code(404), 'notFound');
    });
  }
};

/** The name contains a digest of the content, so the answer to it never changes. */
function addAssetRoute(app: FastifyInstance, assets: Assets): void {
  app.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
    const asset = assets.find(request.params.name);
    if (asset === undefined) return reply.callNotFound();
    return reply
      .headers({
        'content-type': asset.mediaType,
        'cache-control': 'public, max-age=31536000, immutable',
        ...(asset.mediaType.startsWith('image/') && { 'content-security-policy': pictureSecurityPolicy }),
      })
      .send(asset.content);
  });
}
