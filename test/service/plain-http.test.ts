import { afterEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/service/app.js';
import { loadConfig } from '../../src/service/config.js';
import { createLogger } from '../../src/service/logger.js';
import { makeDataDir } from './running.js';

const secret = 'k'.repeat(32);
const authorization = `Bearer ${secret}`;
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Answers what the service says to a peer at `remoteAddress`. */
async function open(variables: Record<string, string>) {
  const { path: dataDir, remove } = makeDataDir();
  closing.push(remove);
  const config = loadConfig({ DATA_DIR: dataDir, API_KEYS: `bot:bot:${secret}`, ...variables });
  const service = await buildApp(config, { log: createLogger('silent'), backgroundWork: false });
  closing.push(service.close);
  return async (url: string, proto?: string, remoteAddress = '10.1.2.3') => {
    const headers = { authorization, ...(proto !== undefined && { 'x-forwarded-proto': proto }) };
    const { statusCode, headers: answered, body } = await service.app.inject({ url, headers, remoteAddress });
    return { status: statusCode, location: answered.location, body };
  };
}

describe('a service that is public by https (S3-20)', () => {
  const BASE_URL = 'https://auth.example.com';

  it('refuses calls of the API that a trusted proxy got by http, and redirects none', async () => {
    const ask = await open({ BASE_URL, TRUST_PROXY: '10.1.0.0/16,127.0.0.1,2001:db8::/32' });
    const refused = await ask('/v1/providers', 'http');
    expect(refused).toMatchObject({ status: 403, location: undefined });
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'forbidden', detail: 'The API answers by https only.' });
    for (const peer of ['127.0.0.1', '::ffff:10.1.9.9', '2001:db8::5']) {
      expect([peer, (await ask('/v1/providers', 'http', peer)).status]).toEqual([peer, 403]);
    }
    expect((await ask('/%761/providers', 'HTTP')).status).toBe(403);
    expect((await ask('/v1/providers', 'https, http')).status).toBe(403);
  });

  it('answers those that came by https, or of which nobody says it, and everything that is no API', async () => {
    const ask = await open({ BASE_URL, TRUST_PROXY: '10.1.0.0/16' });
    expect((await ask('/v1/providers', 'https')).status).toBe(200);
    expect((await ask('/v1/providers', 'http, https')).status).toBe(200);
    expect((await ask('/v1/providers')).status).toBe(200);
    expect((await ask('/healthz', 'http')).status).toBe(200);
    expect((await ask('/v1/providers', 'http', '10.2.0.1')).status).toBe(200);
  });

  it('believes whoever connects where proxies are counted', async () => {
    const ask = await open({ BASE_URL, TRUST_PROXY: '1' });
    expect((await ask('/v1/providers', 'http', '192.0.2.1')).status).toBe(403);
  });
});

it.each([
  ['without a proxy', { BASE_URL: 'https://auth.example.com' }],
  ['at home', { TRUST_PROXY: '10.1.2.3' }],
])('a service %s looks at no such header', async (_where, variables) => {
  const ask = await open(variables);
  expect((await ask('/v1/providers', 'http')).status).toBe(200);
});
