/** While things break, and on every other way out: event stream, webhooks, MCP, exchange, the command line. No secret anywhere. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { expect, it, onTestFinished, vi } from 'vitest';
import { run } from '../support/command-line.js';
import { metadataOf, places, resourceOf } from '../support/mcp-world.js';
import { Person } from '../support/person.js';
import { eventually, startRedis } from '../support/redis.js';
import { entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { dump, findLeaks, issueMarked, monitor, Sightings } from '../support/secret-sweep.js';
import { type OpenService, openService, secrets } from '../support/service.js';
import { startWebhookReceiver, webhookSecrets } from '../support/webhook-receiver.js';

const user = 'slack:T1:U2';
const clientSecret = 'faults-client&secret/of 32 characters+';
const path = `/users/${encodeURIComponent(user)}`;

async function openStage() {
  const redis = await startRedis();
  const server = await startScriptedServer();
  const receiver = await startWebhookReceiver();
  onTestFinished(async () => {
    await redis.stop();
    await server.close();
  });
  const issued = issueMarked(server);
  const place = { REDIS_URL: redis.url, KEY_PREFIX: 'sweep' };
  const entry = entryAt(server.url, { client_secret: clientSecret, identity: { id: 'sub', name: 'name' } });
  // Before anything else is asked there: commands that come with the answer to MONITOR would confuse the client.
  const commands = await monitor(place);
  const service = await openService({
    place,
    variables: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRETS: webhookSecrets.join(',') },
    providers: async () => ({ scripted: entry, swap: { ...entry, source: 'token_exchange' } }),
    backgroundWork: true,
  });
  return { redis, server, receiver, issued, place, service, commands, seen: new Sightings(issued) };
}

type Stage = Awaited<ReturnType<typeof openStage>>;

/** From the link to the callback, which is not opened yet. */
async function consent({ service: { bot }, issued, seen }: Stage, person: Person) {
  const { body } = seen.keep(await bot.call('POST', `${path}/connect/scripted`, {}));
  const callback = await person.consent(body.connect_url ?? '');
  issued.push(callback.searchParams.get('state') ?? '', ...person.jar.values());
  return callback;
}

async function connect(stage: Stage): Promise<void> {
  const person = new Person();
  const { page, code } = await person.finish(await consent(stage, person));
  stage.issued.push(...person.jar.values());
  stage.seen.texts.push(page.replaceAll(code, ''));
  expect(stage.seen.keep(await stage.service.bot.prove(user, code)).status).toBe(200);
}

/** The event stream as bytes, for as long as the test lasts. */
async function listen({ bot }: OpenService): Promise<string[]> {
  const chunks: string[] = [];
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const { body, headers } = await bot.follow(leaving.signal);
  chunks.push(JSON.stringify([...headers]));
  void body
    ?.pipeThrough(new TextDecoderStream())
    .pipeTo(new WritableStream({ write: (text) => void chunks.push(text) }))
    .catch(() => undefined);
  return chunks;
}

/** Tokens by exchange and for an MCP server; what goes wrong there repeats what was sent. */
async function goOtherWays(stage: Stage): Promise<void> {
  const { server, service, issued, seen } = stage;
  const subject_token = 'MARK-subject-x7Qzx7Qzx7Qz';
  issued.push(subject_token);
  expect(seen.keep(await service.bot.call('POST', '/exchange/swap', { subject_token })).status).toBe(200);
  await connectMcp(stage);
  const echo = { error: 'invalid_request', error_description: issued.join(' ').slice(0, 4_000) };
  server.answer('/token', { status: 400, json: echo });
  seen.keep(await service.bot.call('POST', '/exchange/swap', { subject_token: `${subject_token}-2` }));
  seen.keep(await service.bot.call('POST', `${path}/mcp/token`, { server_url: `${server.url}/mcp?k=${issued[0]}` }));
  service.clock.advance(3_600_000);
  seen.keep(await service.bot.token(user, 'scripted'));
}

async function connectMcp({ server, service: { bot }, issued, seen }: Stage): Promise<void> {
  server.answer(places.resource, { json: resourceOf(`${server.url}/mcp`, server.url) });
  server.answer(places.metadata, { json: metadataOf(server.url) });
  const registered = 'MARK-registered-x7Qzx7Qzx7Qz';
  issued.push(registered);
  server.answer('/register', { status: 201, json: { client_id: 'mcp-client', client_secret: registered } });
  const ask = async (more: object = {}) =>
    seen.keep(await bot.call('POST', `${path}/mcp/token`, { server_url: `${server.url}/mcp`, ...more }));
  const { body } = await ask({ www_authenticate: `Bearer resource_metadata="${server.url}${places.resource}"` });
  const person = new Person();
  const { code } = await person.finish(await person.consent(body.connect_url ?? ''));
  issued.push(...person.jar.values());
  expect((await bot.prove(user, code)).status).toBe(200);
  expect((await ask()).status).toBe(200);
}

/** Everything that touches the store, while the store refuses it. */
async function callAll(stage: Stage, callback: URL, person: Person): Promise<number[]> {
  const { bot, address } = stage.service;
  const asked = [
    bot.token(user, 'scripted'),
    bot.reject(user, 'scripted', 'something'),
    bot.call('POST', `${path}/connect/scripted`, {}),
    bot.prove(user, 'AAAA2222'),
    bot.connections(user),
    bot.call('POST', `${path}/account-link`, {}),
    bot.call('POST', '/exchange/swap', { subject_token: 'MARK-subject-x7Qzx7Qzx7Qz' }),
  ];
  const browser = person.get(callback.href);
  const answers = (await Promise.all(asked)).map((answer) => stage.seen.keep(answer).status);
  await stage.seen.page(await browser);
  await stage.seen.page(await fetch(`${address}/metrics`));
  return answers;
}

/** The store refuses writes, then is gone, then hangs while a code is being redeemed. */
async function breakTheStore(stage: Stage): Promise<void> {
  const { redis, server, service } = stage;
  const answerTokens = issueAgain(server, stage.issued);
  service.clock.advance(3_600_000);
  const refusals = [
    [
      'OOM',
      () => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
      () => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
    ],
    ['READONLY', () => redis.command('REPLICAOF', '127.0.0.1', '1'), () => redis.command('REPLICAOF', 'NO', 'ONE')],
    ['hangs', async () => redis.pause(), async () => redis.resume()],
  ] as const;
  for (const [name, begin, end] of refusals) {
    const person = new Person();
    const callback = await consent(stage, person);
    await begin();
    const answers = await callAll(stage, callback, person);
    expect([name, answers.filter((status) => status === 503).length > 2]).toEqual([name, true]);
    await end();
    await eventually(
      'the store writes again',
      async () =>
        (await fetch(`${service.address}/readyz`)).status === 200 &&
        (await service.bot.call('POST', `${path}/account-link`, {})).status === 201,
    );
  }
  await dieWhileRedeeming(stage, answerTokens);
}

function issueAgain(server: ScriptedServer, issued: string[]): () => object {
  const token = (kind: string) => {
    const text = `MARK-${kind}-${issued.length}-${'x7Qz'.repeat(6)}`;
    issued.push(text);
    return text;
  };
  const tokens = () => ({
    access_token: token('access'),
    refresh_token: token('refresh'),
    token_type: 'Bearer',
    expires_in: 3600,
  });
  server.answer('/token', () => ({ json: tokens() }));
  return tokens;
}

async function dieWhileRedeeming(stage: Stage, tokens: () => object): Promise<void> {
  const { redis, server, seen } = stage;
  const person = new Person();
  const callback = await consent(stage, person);
  server.answer('/token', async () => {
    await redis.kill9();
    return { json: tokens() };
  });
  await seen.page(await person.get(callback.href));
  seen.keep(await stage.service.bot.token(user, 'scripted'));
}

/** What an operator sees who exports, imports and looks into the trail. */
async function useCommandLine({ place, issued }: Stage): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'valetkey-sweep-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, value] of Object.entries({ ...place, ENCRYPTION_KEYS: secrets.encryptionKeys }))
    vi.stubEnv(name, value);
  vi.stubEnv('BASE_URL', 'http://localhost:3999');
  const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  const [publicKey, privateKey, out, plain] = ['public', 'private', 'out', 'plain'].map((name) => join(dir, name));
  await writeFile(publicKey ?? '', JSON.stringify(await exportJWK(pair.publicKey)));
  await writeFile(privateKey ?? '', JSON.stringify(await exportJWK(pair.privateKey)));
  const imported = { user: 'U9', provider: 'github', access_token: 'MARK-imported-x7Qzx7Qzx7Qz' };
  issued.push(imported.access_token);
  await writeFile(
    plain ?? '',
    `${JSON.stringify(imported)}\n${JSON.stringify({ ...imported, provider: 'no-such', user: 'U8' })}\n`,
  );
  const texts: string[] = [];
  for (const line of [
    `export --recipient ${publicKey} --out ${out} --json`,
    `import valetkey ${out} --identity ${privateKey} --json`,
    `import jsonl ${plain} --json`,
    'audit export',
    'audit tail',
    'keys verify',
    'doctor --json',
    'api-keys list --json',
  ]) {
    const { out: printed, err } = await run(line);
    texts.push(printed, err);
  }
  expect(texts.join('')).toContain('"created":1');
  return [...texts, readFileSync(out ?? '', 'utf8')];
}

it('no secret stands anywhere when the store breaks, nor in events, webhooks, MCP, exchanges and commands (S7)', async () => {
  const stage = await openStage();
  const { service, place, receiver, seen, issued, redis, commands } = stage;
  const events = await listen(service);
  await connect(stage);
  seen.keep(await service.bot.token(user, 'scripted'));
  await goOtherWays(stage);
  const printed = await useCommandLine(stage);
  const stored = await dump(place);
  await breakTheStore(stage);
  const hooks = receiver.received.map((each) => JSON.stringify(each));
  const all = [
    ...issued,
    clientSecret,
    secrets.botKey,
    secrets.encryptionKeys.slice(3),
    ...webhookSecrets.map((each) => each.slice(6)),
  ];
  const canaries = [...new Set(all)].filter((secret) => secret.length >= 8);
  const texts = { answers: seen.texts, log: service.log, events, hooks, printed, stored, commands };
  const sizes = Object.entries(texts).map(([where, lines]) => [where, lines.join('').length > 300]);
  expect(sizes).toEqual(Object.keys(texts).map((where) => [where, true]));
  for (const kind of ['access', 'refresh', 'code', 'subject', 'registered', 'imported'])
    expect(canaries.some((secret) => secret.startsWith(`MARK-${kind}`))).toBe(true);
  expect(findLeaks(texts, canaries)).toEqual([]);
  await redis.restart();
}, 60_000);
