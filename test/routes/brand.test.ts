import fastify, { type FastifyInstance } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { browserRoutes } from '../../routes/browser.js';
import { type Brand, brandColorSchema, logoSchema } from '../../src/core/brand.js';
import { fixedManager } from '../support/fixed-manager.js';

const drawing = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>');

async function open(brand?: Brand): Promise<FastifyInstance> {
  const app = fastify();
  onTestFinished(() => app.close());
  const options = { manager: fixedManager, baseUrl: 'http://localhost:3000', now: () => Date.UTC(2026, 10, 21, 14) };
  await app.register(browserRoutes, { ...options, ...(brand && { brand }) });
  return app;
}

const landing = (app: FastifyInstance, language = 'en') =>
  app.inject({ url: '/oauth/github?link=named', headers: { 'accept-language': language } });

/** The file that a page names, by the kind of its name. */
async function assetOf(app: FastifyInstance, kind: RegExp) {
  const names = (await landing(app)).body.match(/\/assets\/[\w.-]+/g) ?? [];
  return app.inject(names.find((name) => kind.test(name)) ?? '/assets/none');
}

it('names who runs the service above every page, in its title, and as the one who asks', async () => {
  const app = await open({ name: 'Acme <Bots>' });
  const { body } = await landing(app);
  expect(body).toContain('<title>Connect GitHub · Acme &lt;Bots&gt;</title>');
  expect(body).toContain('<header><bdi>Acme &lt;Bots&gt;</bdi></header>');
  expect(body).toContain('Acme &lt;Bots&gt; would like to use your GitHub account.');
  expect((await landing(app, 'de')).body).toContain('Acme &lt;Bots&gt; möchte dein Konto bei GitHub nutzen.');
  expect((await app.inject({ url: '/oauth/nobody', headers: { accept: 'text/html' } })).body).toContain('<header>');
});

it('says nothing of anybody where there is no brand', async () => {
  const { body } = await landing(await open());
  expect(body).toContain('<title>Connect GitHub</title>');
  expect(body).toContain('A chat bot would like');
  expect(body).not.toContain('<header>');
});

it('puts the colour into the stylesheet, under a name of its own', async () => {
  const [plain, branded] = [await open(), await open({ color: brandColorSchema.parse('#8a1c4c') })];
  const [own, changed] = [await assetOf(plain, /\.css$/), await assetOf(branded, /\.css$/)];
  expect(changed.body.startsWith(own.body)).toBe(true);
  expect(changed.body.slice(own.body.length)).toMatch(
    /^\n:root { --accent: #8a1c4c;[^}]*}\n@media \(prefers-color-scheme: dark\) { :root {[^}]*} }\n$/,
  );
  const nameOf = async (app: FastifyInstance) => /valetkey\.\w+\.css/.exec((await landing(app)).body)?.[0];
  expect(await nameOf(branded)).not.toBe(await nameOf(plain));
});

it('serves the logo from here, for good, and so that nothing in it runs', async () => {
  const app = await open({ name: 'Acme', logo: logoSchema.parse(drawing) });
  const { body } = await landing(app);
  expect(body).toMatch(/<link rel="icon" href="\/assets\/logo\.\w{10}\.svg" type="image\/svg\+xml">/);
  expect(body).toMatch(/<header><img src="\/assets\/logo\.\w{10}\.svg" alt="" height="32"><bdi>Acme<\/bdi><\/header>/);
  const { rawPayload, headers } = await assetOf(app, /logo/);
  expect(rawPayload.equals(drawing)).toBe(true);
  expect(headers).toMatchObject({
    'content-type': 'image/svg+xml',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringMatching(/^default-src 'none';.*; sandbox$/),
  });
});
