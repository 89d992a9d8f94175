/** What passed in whole runs, good and bad, stands in nothing that can be read afterwards: answers, metrics, store, wire of the store. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { Person } from '../support/person.js';
import { entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { makePlace, type OpenService, openService, type Place, secrets, storeKinds } from '../support/service.js';

const user = 'slack:T1:U2';
const clientSecret = 'sweep-client&secret/of 32 characters+';
const adminKey = 'sweep-admin-key-sweep-admin-key-0001';

/** Tokens that no other text looks like: `MARK-<kind>-<count>-…`. */
function issueMarked(server: ScriptedServer): string[] {
  const issued: string[] = [];
  const mark = (kind: string) => {
    const token = `MARK-${kind}-${issued.length}-${'x7Qz'.repeat(6)}`;
    issued.push(token);
    return token;
  };
  server.answer('/authorize', ({ query }) => {
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('code', mark('code'));
    back.searchParams.set('state', query.get('state') ?? '');
    return { status: 302, headers: { location: back.href } };
  });
  const tokens = () => ({ access_token: mark('access'), refresh_token: mark('refresh'), id_token: mark('id') });
  server.answer('/token', ({ form }) => {
    const verifier = form.get('code_verifier');
    if (verifier !== null) issued.push(verifier);
    return { json: { ...tokens(), token_type: 'Bearer', expires_in: 3600 } };
  });
  server.answer('/userinfo', { json: { sub: '4711', name: 'Ada' } });
  server.answer('/revoke', { status: 200 });
  return issued;
}

const spellings = (secret: string) => [
  secret,
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret).toString('hex'),
  encodeURIComponent(secret),
];

/** Good, refused, unproven, with provider errors and void grants; everything that was answered beside tokens. */
async function run(service: OpenService, server: ScriptedServer, issued: string[]): Promise<string[]> {
  const { bot, address, clock } = service;
  const seen: string[] = [];
  const keep = async (response: Response) => {
    seen.push(JSON.stringify([...response.headers]) + (await response.text()));
  };
  const asAdmin = async (path: string) =>
    keep(await fetch(address + path, { headers: { authorization: `Bearer ${adminKey}` } }));
  for (const end of ['proven', 'unproven', 'refused'] as const) {
    const person = new Person();
    const { connectUrl, connectId } = await bot.connect(user, 'scripted');
    const link = new URL(connectUrl).searchParams.get('link') ?? '';
    const callback = await person.consent(connectUrl);
    issued.push(link, callback.searchParams.get('state') ?? '', [...person.jar.values()][0] ?? '');
    await keep(await fetch(callback));
    if (end === 'refused')
      server.answer('/token', {
        status: 400,
        json: { error: 'invalid_grant', error_description: callback.searchParams.get('code') },
      });
    const finished = await person.finish(callback);
    // The done page shows the return code, and that alone.
    seen.push(finished.page.replaceAll(finished.code || '\0', ''));
    if (end === 'proven') await bot.prove(user, finished.code);
    await asAdmin(`/v1/connects/${connectId}`);
  }
  const text = `<p>${issued.find((token) => token.startsWith('MARK-refresh'))}</p>`;
  server.answer('/token', { status: 500, text });
  clock.advance(3_600_000);
  seen.push(JSON.stringify((await bot.token(user, 'scripted')).body));
  const paths = [
    '/v1/providers',
    `/v1/users/${encodeURIComponent(user)}/connections`,
    '/v1/audit',
    '/metrics',
    '/openapi.json',
    '/readyz',
    '/connections',
  ];
  for (const path of paths) await asAdmin(path);
  return seen;
}

/** Every name and value on the server, as bytes. */
async function dumpRedis(url: string, prefix: string): Promise<string[]> {
  const client = new Redis(url, { protocol: 2 });
  const dump: string[] = [];
  for (const key of await client.keys(`${prefix}*`)) {
    const type = await client.type(key);
    const value =
      type === 'hash'
        ? await client.hgetallBuffer(key)
        : type === 'string'
          ? await client.getBuffer(key)
          : type === 'stream'
            ? await client.xrangeBuffer(key, '-', '+')
            : type;
    dump.push(key, ...flatten(value));
  }
  client.disconnect();
  return dump;
}

function flatten(value: unknown): string[] {
  if (Buffer.isBuffer(value)) return [value.toString('latin1')];
  if (Array.isArray(value)) return value.flatMap(flatten);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, one]) => [name, ...flatten(one)]);
  return [String(value)];
}

async function dumpFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  return Promise.all(files.map(async (file) => (await readFile(join(file.parentPath, file.name))).toString('latin1')));
}

const dump = (place: Place) =>
  place.REDIS_URL === undefined ? dumpFiles(place.DATA_DIR ?? '') : dumpRedis(place.REDIS_URL, place.KEY_PREFIX ?? '');

/** Every command that the server gets meanwhile. */
async function monitor(place: Place): Promise<string[]> {
  const lines: string[] = [];
  if (place.REDIS_URL === undefined) return lines;
  const client = new Redis(place.REDIS_URL, { protocol: 2 });
  const watch = await client.monitor();
  watch.on('monitor', (_time: string, args: string[]) => lines.push(args.join(' ')));
  onTestFinished(() => {
    watch.disconnect();
    client.disconnect();
  });
  return lines;
}

it.each(storeKinds)(
  'no secret of whole runs stands in any answer, log, metric, record or command, on the %s store (S7, A4)',
  async (kind) => {
    const place = await makePlace(kind);
    const server = await startScriptedServer();
    onTestFinished(() => server.close());
    const issued = issueMarked(server);
    const commands = await monitor(place);
    const identity = { id: 'sub', name: 'name' };
    const entry = entryAt(server.url, { client_secret: clientSecret, identity });
    const variables = { API_KEYS: `journey:bot:${secrets.botKey},ops:admin:${adminKey}` };
    const service = await openService({ place, variables, providers: async () => ({ scripted: entry }) });
    const seen = await run(service, server, issued);
    const canaries = [...new Set([...issued, clientSecret, secrets.botKey, adminKey, secrets.encryptionKeys.slice(3)])];
    expect(canaries.filter((secret) => secret.length < 8)).toEqual([]);
    expect(canaries.filter((secret) => secret.startsWith('MARK-')).length).toBeGreaterThan(6);
    const stored = await dump(place);
    expect(stored.join('').length).toBeGreaterThan(1000);
    if (kind === 'redis') expect(commands.length).toBeGreaterThan(20);
    const texts = { answers: seen, log: service.log, stored, commands };
    const leaks = Object.entries(texts).flatMap(([where, lines]) => {
      const text = lines.join('\n');
      return canaries
        .filter((secret) => spellings(secret).some((one) => text.includes(one)))
        .map((secret) => `${where}: ${secret.slice(0, 14)}`);
    });
    expect(leaks).toEqual([]);
  },
);
