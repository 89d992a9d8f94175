import { readFileSync } from 'node:fs';
import fastify, { type FastifyInstance } from 'fastify';
import * as icons from 'simple-icons';
import { afterEach, expect, it } from 'vitest';
import { catalogue, createRegistry } from '../../providers/index.js';
import { type BrowserRoutesOptions, browserRoutes } from '../../routes/browser.js';
import { platformIcons } from '../../routes/pages/icons.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import type { ProviderListing } from '../../src/core/views.js';
import { fixedManager, links } from '../support/fixed-manager.js';

const copied: Readonly<Record<string, { color: string; path: string }>> = JSON.parse(
  readFileSync(new URL('../../routes/pages/brand-icons.json', import.meta.url), 'utf8'),
);
const known = new Map(Object.values(icons).flatMap((icon) => ('slug' in icon ? [[icon.slug, icon] as const] : [])));

const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

async function open(manager: Partial<BrowserRoutesOptions['manager']> = {}): Promise<FastifyInstance> {
  const app = fastify();
  apps.push(app);
  const options = { manager: { ...fixedManager, ...manager }, baseUrl: 'http://localhost:3000', now: () => 0 };
  await app.register(browserRoutes, options);
  return app;
}

const page = async (app: FastifyInstance, url: string) =>
  (await app.inject({ url, headers: { accept: 'text/html', cookie: 'valetkey_session=x; valetkey_flow_github=code' } }))
    .body;
const picturesOf = (body: string) => [
  ...body.matchAll(/<img src="(\/assets\/[a-z0-9]+\.[0-9a-f]{10}\.svg)" alt="" width="26"/g),
];

it('the copied icons are those that the catalogue and the platforms name, as simple-icons has them', () => {
  const named = [...catalogue.values()].flatMap(({ icon }) => icon ?? []);
  expect(Object.keys(copied)).toEqual([...new Set([...named, ...platformIcons.values()])].sort());
  for (const [slug, { color, path }] of Object.entries(copied)) {
    expect({ color, path }).toEqual({ color: `#${known.get(slug)?.hex}`, path: known.get(slug)?.path });
  }
});

it('only brands that simple-icons does not have are without an icon', () => {
  const without = [...catalogue].filter(([, { icon }]) => icon === undefined).map(([id]) => id);
  expect(without.sort()).toEqual(['canva', 'docusign', 'linkedin', 'microsoft', 'monday', 'salesforce', 'slack']);
  for (const slug of [...without, 'mondaydotcom']) expect(known.has(slug), slug).toBe(false);
});

it.each(['/oauth/github?link=named', '/oauth/github/done', '/connections'])(
  '%s shows the brand by a picture of ours',
  async (url) => {
    const app = await open();
    const pictures = picturesOf(await page(app, url)).map(([, path = '']) => path);
    expect(pictures).toContainEqual(expect.stringMatching(/^\/assets\/github\./));
    const answer = await app.inject(pictures[0] ?? '');
    expect(answer.headers).toMatchObject({ 'content-type': 'image/svg+xml', 'x-content-type-options': 'nosniff' });
    expect(answer.body).toMatch(
      /^<svg xmlns="[^"]+" viewBox="0 0 24 24"><path fill="#[0-9A-F]{6}" d="[^"<>]+"\/><\/svg>$/,
    );
  },
);

it('a provider without an icon, or with one that nobody has, gets its letter', async () => {
  for (const providerIcon of [undefined, 'nobody', '__proto__', '"><script>alert(1)</script>', '../key']) {
    const { unnamed } = links;
    if (unnamed === undefined) throw new TypeError('no link');
    const app = await open({ describeLink: async () => ({ ...unnamed, ...(providerIcon && { providerIcon }) }) });
    const body = await page(app, '/oauth/github?link=x');
    expect(body).toMatch(/<span class="tile tile-\d" aria-hidden="true">N<\/span>/);
    expect(body).not.toContain('<script>');
  }
});

it('a provider of the host’s own that starts from a template bears its icon', () => {
  const registry = createRegistry({ work: { template: 'gitlab', client_id: 'c', client_secret: 's' } });
  expect(registry.find(providerIdSchema.parse('work'))?.icon).toBe('gitlab');
  expect(registry.known().find(({ id }) => id === 'work')?.icon).toBe('gitlab');
});

it('the account page with the whole catalogue stays below 30 kB', async () => {
  const entries = Object.fromEntries([...catalogue.keys()].map((id) => [id, { client_id: 'c', client_secret: 's' }]));
  const listing = createRegistry(entries).known();
  const all = listing.map(
    ({ defaultScope, ...rest }): ProviderListing => ({
      ...rest,
      scope: defaultScope,
      source: 'authorization_code',
    }),
  );
  const body = await page(
    await open({ listProviders: () => all, describeConnections: async () => [] }),
    '/connections',
  );
  expect(picturesOf(body)).toHaveLength(33);
  expect(Buffer.byteLength(body)).toBeLessThan(30_000);
});
