/** The whole service behind a real listener, and what every hostile request must leave behind: a service that stands. */

import { mkdtemp, rm } from 'node:fs/promises';
import { request as sendRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { buildApp, type Service } from '../../src/service/app.js';
import { loadConfig } from '../../src/service/config.js';
import { createLogger } from '../../src/service/logger.js';
import { listen } from '../../src/service/server.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { findFreePort } from '../support/redis.js';
import { entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { type ScriptedTokens, scriptTokens } from '../support/scripted-tokens.js';

/** Stands in hostile input wherever there is room for it, so that every echo of it is seen. */
export const canary = 'cAnArY.47-11_x';

/** One key per role; `foreign` is a bot of another tenant. */
export const keys = {
  bot: 'hostile-bot-key-hostile-bot-key-0001',
  viewer: 'hostile-viewer-key-hostile-viewer-01',
  admin: 'hostile-admin-key-hostile-admin-0001',
  foreign: 'hostile-foreign-key-hostile-forei-01',
} as const;

/** The key of its store, for whoever attacks with the key in hand. */
export const encryptionKeys = `k1:${Buffer.alloc(32, 7).toString('base64')}`;

/** The secret and the claims of a JWT that would be believed. */
export const jwt = {
  secret: 'hostile-jwt-secret-hostile-jwt-secret-1',
  issuer: 'https://host.example',
  audience: 'valetkey',
} as const;

export interface AttackedService extends Pick<Service, 'manager' | 'store' | 'app'> {
  /** Origin that it listens at; also its base URL. */
  readonly address: string;
  readonly port: number;
  readonly clock: ManualClock;
  readonly log: readonly string[];
  readonly dataDir: string;
  /** The authorization server of `scripted`, `issuing` (sends `iss`) and `twin`. */
  readonly server: ScriptedServer;
  readonly tokens: ScriptedTokens;
  close(): Promise<void>;
}

/** Starts it on the embedded store, with three providers at one scripted server that approves at once. */
export async function openAttacked(variables: Readonly<Record<string, string>> = {}): Promise<AttackedService> {
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-hostile-'));
  const port = await findFreePort();
  const server = await startScriptedServer();
  const tokens = scriptTokens(server);
  server.answer('/userinfo', { json: { sub: '4711', name: 'Ada' } });
  server.answer('/revoke', { status: 200 });
  const config = loadConfig({
    DATA_DIR: dataDir,
    BASE_URL: `http://127.0.0.1:${port}`,
    ENCRYPTION_KEYS: encryptionKeys,
    API_KEYS: `bot:bot:${keys.bot},viewer:viewer:${keys.viewer},admin:admin:${keys.admin},foreign:bot:${keys.foreign}:other`,
    API_JWT_ISSUER: jwt.issuer,
    API_JWT_AUDIENCE: jwt.audience,
    API_JWT_SECRETS: jwt.secret,
    ALLOW_INSECURE_LOOPBACK_PROVIDERS: 'true',
    RATE_LIMIT_PER_MINUTE: '0',
    RATE_LIMIT_BROWSER_PER_MINUTE: '0',
    // One address per hostile request where wrong credentials are counted.
    TRUST_PROXY: '127.0.0.1',
    RETURN_TO_ORIGINS: 'https://app.example',
    ...variables,
  });
  const identity = { id: 'sub', name: 'name' };
  const providers = {
    scripted: entryAt(server.url, { identity }),
    issuing: entryAt(server.url, {
      identity,
      issuer: server.url,
      authorization_response_iss_parameter_supported: true,
    }),
    twin: entryAt(server.url, { identity }),
  };
  const log: string[] = [];
  const logger = createLogger('trace', { write: (line) => log.push(line) });
  const clock = createManualClock(Date.now());
  const service = await buildApp({ ...config, providers }, { log: logger, now: clock.now, backgroundWork: false });
  const running = await listen(service, { host: '127.0.0.1', port });
  const { app, manager, store } = service;
  const close = async () => {
    app.server.closeAllConnections();
    await running.close();
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { app, manager, store, address: running.address, port, clock, log, dataDir, server, tokens, close };
}

/** A request as it goes over the wire: the path is not tidied, headers are sent as they stand. */
export interface Shot {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** What came back. */
export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** Code of a problem; `undefined` on pages. */
  readonly code: string | undefined;
  /** Name of the field that a problem is about. */
  readonly field: string | undefined;
}

/** No answer may take longer, ms; the first loads what it needs, and a busy machine takes its time. */
const longestMs = 10_000;

/** Sends one request and reads the whole answer; follows nothing. */
export function shoot(service: Pick<AttackedService, 'port'>, shot: Shot): Promise<Seen> {
  const { method = 'GET', path, headers = {}, body } = shot;
  const sent = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: service.port, method, path, agent: false, timeout: longestMs };
    const request = sendRequest({ ...options, headers: { ...length, ...sent } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, ...problemIn(text) });
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${longestMs} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}

function problemIn(text: string): { code: string | undefined; field: string | undefined } {
  if (!text.startsWith('{')) return { code: undefined, field: undefined };
  const { code, field } = JSON.parse(text);
  return { code, field };
}

/** The only faults of ours that a request may be answered with (threats.md section 8). */
const namedFaults = ['provider_unavailable', 'store_unavailable', 'key_unavailable', 'stored_token_unreadable'];

/** What must hold after any hostile request, whatever its answer: no crash, no echo, still ready. */
export async function expectToStand(service: AttackedService, seen: Seen, marks: readonly string[] = [canary]) {
  if (seen.status >= 500) expect([502, 503]).toContain(seen.status);
  if (seen.status === 503 && seen.code !== undefined) expect(namedFaults).toContain(seen.code);
  const shown = JSON.stringify(seen.headers) + seen.text;
  expect(marks.filter((mark) => shown.includes(mark))).toEqual([]);
  expect(marks.filter((mark) => service.log.some((line) => line.includes(mark)))).toEqual([]);
  expect(shown).not.toMatch(/node_modules|\bat (?:async )?\S+ \(|\/src\/|\.ts:\d/);
  expect((await shoot(service, { path: '/readyz' })).status).toBe(200);
}

/** Sends a hostile request, compares status and code, and sees the service stand. */
export async function attack(
  service: AttackedService,
  shot: Shot,
  expected: { readonly status: number; readonly code?: string; readonly marks?: readonly string[] },
): Promise<Seen> {
  const started = performance.now();
  const seen = await shoot(service, shot);
  expect(performance.now() - started).toBeLessThan(longestMs);
  expect({ status: seen.status, code: seen.code }).toEqual({ status: expected.status, code: expected.code });
  await expectToStand(service, seen, expected.marks);
  return seen;
}

export const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });
export const asJson = { 'content-type': 'application/json' };
export const asForm = { 'content-type': 'application/x-www-form-urlencoded' };
