import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import { fastify } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ValetkeyPluginOptions, valetkey, valetkeyServerOptions } from '../src/fastify.js';
import { openManager } from '../src/open-manager.js';
import { startApprovingProvider } from './support/approving-provider.js';
import { JarBrowser } from './support/browser-journey.js';

const secret = 'host-bot-key-host-bot-key-host-key-01';
const apiKeys = [{ id: 'bot', role: 'bot', secret }] as const;
const bearer = { authorization: `Bearer ${secret}` };
const user = 'slack:T1:U2';

interface HostOptions extends Omit<ValetkeyPluginOptions, 'manager'> {
  readonly path?: string;
  readonly prefix?: string;
}

/** A host's own app, with its own parser, error handler and address for what is not there. */
async function openHost({ path = '', prefix, ...options }: HostOptions = { apiKeys }) {
  const provider = await startApprovingProvider();
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-host-'));
  const manager = await openManager({
    baseUrl: `http://localhost:3000${path}`,
    providers: { example: provider.entry },
    encryptionKeys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    dataDir,
    allowInsecureLoopbackProviders: true,
    backgroundWork: false,
  });
  const logged: string[] = [];
  const app = fastify({
    ...valetkeyServerOptions,
    logger: { level: 'info', stream: { write: (line: string) => logged.push(line) } },
  });
  onTestFinished(async () => {
    await app.close();
    await manager.close();
    await provider.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  await app.register(swagger, { openapi: { info: { title: 'Host', version: '1' } } });
  app.setErrorHandler((_error, _request, reply) => reply.code(418).send('the host'));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('nothing at the host'));
  app.post('/own', { schema: { body: { type: 'object', required: ['name'] } } }, async (request) => request.body);
  app.get('/own/fault', async () => {
    throw new Error('of the host');
  });
  await app.register(valetkey, { manager, ...options, ...(prefix === undefined ? {} : { prefix }) });
  await app.ready();
  return { app, manager, logged };
}

describe('valetkey/fastify in an app of a host', () => {
  it.each(['', '/valetkey'])('connects a person and hands out the token below the path "%s"', async (path) => {
    const { app } = await openHost({ path, apiKeys });
    const wanted = { url: `${path}/v1/users/${encodeURIComponent(user)}/tokens/example`, headers: bearer };
    const refused = await app.inject(wanted);
    expect(refused.json()).toMatchObject({ status: 409, code: 'not_connected' });
    expect(refused.headers['content-type']).toBe('application/problem+json');
    const browser = new JarBrowser(app);
    const done = await browser.get(await browser.consent(refused.json().connect_url));
    expect(done.headers.location).toContain(`${path}/oauth/example/done`);
    const page = await browser.get(String(done.headers.location));
    const code = /id="return-code"[^>]*>\s*([^<\s]+)/.exec(page.body)?.[1];
    const proven = await app.inject({
      method: 'POST',
      url: `${path}/v1/users/${encodeURIComponent(user)}/proof`,
      headers: bearer,
      payload: { code },
    });
    expect(proven.statusCode).toBe(200);
    expect((await app.inject(wanted)).json()).toMatchObject({ provider: 'example', token_type: 'Bearer' });
  });

  it('leaves the validation, the errors, the parsers and the unknown addresses of the host alone', async () => {
    const { app } = await openHost();
    const own = { method: 'POST', url: '/own' } as const;
    expect((await app.inject({ ...own, payload: { name: 'ada' } })).json()).toEqual({ name: 'ada' });
    expect((await app.inject({ ...own, payload: {} })).body).toBe('the host');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await app.inject({ ...own, headers: form, payload: 'name=ada' })).body).toBe('the host');
    expect((await app.inject('/own/fault')).body).toBe('the host');
    expect((await app.inject('/nowhere')).body).toBe('nothing at the host');
    expect((await app.inject('/own/fault')).headers['content-security-policy']).toBeUndefined();
  });

  it('answers its own errors and unknown addresses by itself', async () => {
    const { app } = await openHost();
    expect((await app.inject('/v1/providers')).json()).toMatchObject({ status: 401, code: 'unauthorized' });
    expect((await app.inject({ url: '/v1/nowhere', headers: bearer })).json()).toMatchObject({ code: 'not_found' });
    expect((await app.inject('/oauth/example?link=used-up')).statusCode).toBe(410);
  });

  it('lets the host describe its routes, ours among them', async () => {
    const { app } = await openHost();
    const described = Object.keys(app.swagger().paths ?? {});
    expect(described).toEqual(expect.arrayContaining(['/own', '/v1/providers', '/v1/users/{user}/tokens/{provider}']));
    expect(described.filter((path) => !path.startsWith('/v1/'))).toEqual(['/own', '/own/fault']);
    const proof = JSON.stringify(app.swagger().paths?.['/v1/users/{user}/proof']);
    expect(proof).toContain('"properties":{"code":{"type":"string"');
  });

  it('stays below the prefix that the host registers it with', async () => {
    const { app } = await openHost({ path: '/outside/inside', prefix: '/inside', apiKeys });
    expect((await app.inject({ url: '/inside/v1/providers', headers: bearer })).statusCode).toBe(200);
    expect((await app.inject('/outside/inside/v1/providers')).body).toBe('nothing at the host');
  });

  it.each([
    ['of the manager', { path: '/valetkey' }, '/valetkey'],
    ['that it is registered with', { path: '/outside/inside', prefix: '/inside' }, '/inside'],
  ])('limits visits of pages, and not what they are made of, below the path %s', async (_title, where, below) => {
    let count = 0;
    const add = async () => ({ count: ++count, remainingMs: 60_000 });
    const counters = { add, peek: async () => count, reset: async () => undefined };
    const { app } = await openHost({ ...where, apiKeys, limits: { counters, perCaller: 0, perBrowserAddress: 1 } });
    const visit = async (path: string) => (await app.inject(`${below}${path}`)).statusCode;
    expect([await visit('/connections'), await visit('/connections')]).toEqual([401, 429]);
    expect(await visit('/assets/none')).toBe(404);
  });

  it('limits by the manager’s own store unless told otherwise, also who guesses credentials', async () => {
    const guess = async (options: HostOptions) => {
      const { app } = await openHost({ apiKeys, ...options });
      const headers = { authorization: `Bearer ${'x'.repeat(40)}` };
      const answers = [];
      for (let tries = 0; tries < 11; tries += 1) answers.push(await app.inject({ url: '/v1/providers', headers }));
      return { last: answers.at(-1)?.statusCode, known: await app.inject({ url: '/v1/providers', headers: bearer }) };
    };
    const shown = async (options: HostOptions) => {
      const { last, known } = await guess(options);
      return [last, known.statusCode, known.headers['ratelimit-limit']];
    };
    expect(await shown({})).toEqual([429, 200, '6000']);
    expect(await shown({ limits: { perCaller: 5 } })).toEqual([429, 200, '5']);
    expect(await shown({ limits: false })).toEqual([401, 200, undefined]);
  });

  it('asks the host who calls, and takes tenant, role and user from it alone', async () => {
    const authenticate: ValetkeyPluginOptions['authenticate'] = (headers) =>
      headers.cookie === 'host=ada' ? { id: 'ada', role: 'user', tenant: 'acme', userId: user } : undefined;
    const { app } = await openHost({ authenticate });
    const ask = (name: string, cookie?: string) =>
      app.inject({ url: `/v1/users/${name}/connections`, headers: cookie ? { cookie } : {} });
    expect((await ask(encodeURIComponent(user), 'host=ada')).json()).toEqual({ connections: [] });
    expect((await ask('eve', 'host=ada')).json()).toMatchObject({ status: 403 });
    expect((await ask('eve')).json()).toMatchObject({ status: 401 });
  });

  it('takes a host that names an impossible caller for a fault of the host, not for a stranger', async () => {
    const { app, logged } = await openHost({ authenticate: () => ({ id: 'ada', role: 'user' }) });
    expect((await app.inject('/v1/providers')).json()).toMatchObject({ status: 500, code: 'internal_error' });
    expect(logged.join('')).toContain('TypeError');
  });

  it('refuses options that cannot work, and names the field but not the secret', async () => {
    const short = openHost({ apiKeys: [{ id: 'bot', role: 'bot', secret: 'too-short-a-secret' }] });
    await expect(short).rejects.toThrow(/apiKeys\.0\.secret: must be at least 32 characters/);
    await expect(short).rejects.not.toThrow(/too-short/);
    await expect(openHost({})).rejects.toThrow(/give either this or apiKeys/);
  });

  it('warns of a host whose router is too short for long user ids', async () => {
    const { app, logged, manager } = await openHost();
    expect(logged.join('')).not.toContain('maxParamLength');
    const long = encodeURIComponent('ü'.repeat(256));
    expect((await app.inject({ url: `/v1/users/${long}/connections`, headers: bearer })).statusCode).toBe(200);
    const lines: string[] = [];
    const plain = fastify({ logger: { stream: { write: (line: string) => lines.push(line) } } });
    onTestFinished(() => plain.close());
    await plain.register(valetkey, { manager, apiKeys });
    await plain.ready();
    expect(lines.join('')).toContain('valetkeyServerOptions');
  });

  it('shows the brand of the host, and refuses one that could not be read', async () => {
    const { app, manager } = await openHost({ apiKeys, brand: { name: 'Acme', color: '#00c' } });
    const link = new URL(await manager.generateConnectUrl(user, 'example'));
    expect((await app.inject(link.pathname + link.search)).body).toContain('Acme would like to use');
    await expect(openHost({ apiKeys, brand: { color: '#ff0', logo: new Uint8Array() } })).rejects.toMatchObject({
      faults: [{ name: 'brand.color' }, { name: 'brand.logo' }],
    });
  });
});
