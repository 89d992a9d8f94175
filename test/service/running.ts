/** A service and its sandbox for tests: the whole program in this process, on a data directory of its own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DestinationStream } from 'pino';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.js';
import { buildApp, type Service } from '../../src/service/app.js';
import { type Config, loadConfig } from '../../src/service/config.js';
import { createLogger } from '../../src/service/logger.js';
import { approve } from '../support/browser-walk.js';

/** The service with what a test does with it. */
export interface Running extends Service {
  readonly config: Config;
  readonly sandbox: Sandbox;
  /** Calls the API with the administrator's key. */
  call(method: 'GET' | 'POST' | 'DELETE', url: string, body?: object): Promise<{ status: number; body: Answer }>;
  /** Walks a connect link to its end; resolves with the text of the done page. */
  walk(connectUrl: string, person: string): Promise<string>;
}

/** Fields that the tests look at. */
export interface Answer {
  readonly [field: string]: string | number | undefined;
}

/** A data directory that lives until `remove`. */
export function makeDataDir(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'valetkey-service-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Builds the service over a sandbox; it listens to nothing until told to. */
export async function startRunning(
  dataDir: string,
  options: { variables?: Record<string, string>; log?: DestinationStream } = {},
): Promise<Running> {
  const loaded = loadConfig({ DATA_DIR: dataDir, BASE_URL: 'http://localhost:3999', ...options.variables });
  const sandbox = await startSandbox(loaded.baseUrl, dataDir);
  const config = { ...loaded, providers: sandbox.entries, allowInsecureLoopbackProviders: true };
  const service = await buildApp(config, { log: createLogger('info', options.log ?? { write() {} }) });
  const key = config.apiKeys[0]?.secret.reveal() ?? '';
  return {
    ...service,
    config,
    sandbox,
    close: async () => {
      await service.close();
      await sandbox.close();
    },
    call: async (method, url, body) => {
      const headers = { authorization: `Bearer ${key}` };
      const response = await service.app.inject({ method, url, headers, ...(body ? { payload: body } : {}) });
      return { status: response.statusCode, body: response.json() };
    },
    walk: (connectUrl, person) => walk(service, connectUrl, person),
  };
}

async function walk({ app }: Service, connectUrl: string, person: string): Promise<string> {
  const { pathname, searchParams } = new URL(connectUrl);
  const landing = await app.inject({
    method: 'POST',
    url: pathname,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ link: searchParams.get('link') ?? '' }).toString(),
  });
  const cookie = landing.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const callback = `${new URL(connectUrl).origin}${pathname}/callback`;
  const back = await approve(String(landing.headers.location), callback, { person });
  const finished = await app.inject({ url: back.pathname + back.search, headers: { cookie } });
  const done = await app.inject({
    url: new URL(String(finished.headers.location), connectUrl).pathname,
    headers: { cookie },
  });
  return done.body;
}

/** The return code that a done page shows. */
export function readCode(page: string): string {
  return /id="return-code"[^>]*>\s*([^<\s]+)/.exec(page)?.[1] ?? '';
}

/** A port that was free a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
