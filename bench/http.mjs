/**
 * `npm run bench:http`: `GET /v1/users/{user}/tokens/{provider}` on Redis, 64 connections. 1 = a bare Fastify route
 * that answers a body of the same size. This process makes the load; each server is a separate process.
 */

import { createServer } from 'node:http';
import autocannon from 'autocannon';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startServer } from './support/child.mjs';
import { inTurns, median } from './support/measure.mjs';
import { startRedis } from './support/redis-server.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';
import { encryptionKeys, fill, openBenchManager, userOf } from './support/token-store.mjs';

const { users, rounds, seconds, connections } = readCounts({ users: 5000, rounds: 3, seconds: 2, connections: 64 });
const goals = { 'API key': '>= 0.75', 'API key, cold': '>= 0.65', 'ES256 JWT, seen before': '>= 0.65' };
const apiKey = 'bench-bot-key-bench-bot-key-bench-0001';
const redis = await startRedis();
const manager = await openBenchManager({ redisUrl: redis.url });
await fill(manager, users);
await manager.close();

const { jwt, jwksUrl, stop: stopKeys } = await startKeyServer();
const environment = {
  BASE_URL: 'http://localhost:3000',
  REDIS_URL: redis.url,
  ENCRYPTION_KEYS: encryptionKeys,
  API_KEYS: `bench:bot:${apiKey}`,
  API_JWT_ISSUER: 'http://127.0.0.1/bench',
  API_JWT_AUDIENCE: 'valetkey',
  API_JWT_JWKS_URL: jwksUrl,
  GITHUB_CLIENT_ID: 'bench',
  GITHUB_CLIENT_SECRET: 'bench-secret',
  RATE_LIMIT_PER_MINUTE: '1000000',
};
const server = new URL('./support/token-server.mjs', import.meta.url).pathname;
const audited = await startServer(server, ['service'], environment);
const cold = await startServer(server, ['cold'], environment);
const unlimited = { ...environment, RATE_LIMIT_PER_MINUTE: '0' };
const bareToken = await startServer(server, ['without-audit'], unlimited);
const quiet = await startServer(server, ['without-audit'], { ...unlimited, LOG_LEVEL: 'warn' });
const answer = await fetch(`${audited.address}/v1/users/${userOf(1)}/tokens/github`, { headers: bearer(apiKey) });
const body = await answer.text();
if (answer.status !== 200) throw new Error(`the service answers ${answer.status}`);
const bare = await startServer(server, ['bare', String(body.length)]);
const bareGet = await startServer(server, ['bare-get', String(body.length)], { REDIS_URL: redis.url });

const tails = {};
const spent = {};
/** Requests without an answer: on an overloaded machine, connections time out. */
let failed = 0;
const subjects = {
  'bare route': load('bare route', bare, apiKey),
  'bare route and a plain GET': load('bare route and a plain GET', bareGet, apiKey),
  'API key': load('API key', audited, apiKey),
  'API key, cold': load('API key, cold', cold, apiKey),
  'ES256 JWT, seen before': load('ES256 JWT, seen before', audited, jwt),
  'API key, without audit and limits': load('API key, without audit and limits', bareToken, apiKey),
  'the same, without a log line each': load('the same, without a log line each', quiet, apiKey),
};
const results = await inTurns(subjects, rounds);
/** The median of the rounds that count. */
const usual = (seen, name) => median(seen[name].slice(1));
const figuresOf = (seen, name) => [
  shown(usual(seen, name)),
  (usual(seen, name) / usual(seen, 'bare route')).toFixed(2),
];
printTable(
  `Token over HTTP, ${connections} connections, ${users.toLocaleString('en-US')} users, ${body.length} bytes`,
  ['subject', 'per second', 'ratio', 'goal', 'p99, ms', 'p99 / bare', 'CPU, µs', 'CPU / bare'],
  Object.entries(results).map(([name, { median: rate, ratio }]) => [
    name,
    shown(rate),
    ratio.toFixed(2),
    goals[name] ?? '',
    ...figuresOf(tails, name),
    ...figuresOf(spent, name),
  ]),
);
printNote(
  `Warm, unless it says cold: each user's record was read before and is unchanged; cold: each record is opened anew. CPU: of the server process per request, which neighbours on the machine change least; Redis and the load generator take theirs beside it, on the same processors. ${rounds} rounds of ${seconds} s each in turns; medians. Each token that is handed out has its entry in the audit trail, sealed in Redis before the answer leaves; entries that come while one is written are the next write. The row with a plain GET knows no caller, opens nothing and keeps no trail: what any answer costs that asks Redis. Requests without an answer: ${failed}.`,
);
for (const each of [audited, cold, bareToken, quiet, bareGet, bare]) await each.stop();
stopKeys();
await redis.stop();

function bearer(credential) {
  return { authorization: `Bearer ${credential}` };
}

function load(name, { address, cpu }, credential) {
  const requests = Array.from({ length: users }, (_, index) => ({
    path: `/v1/users/${encodeURIComponent(userOf((index * 7919) % users))}/tokens/github`,
  }));
  return async () => {
    let client = 0;
    // Each connection builds all of its requests before the first one, so it gets only a part: else that takes CPU time.
    const setupClient = (each) => {
      const own = client++ % connections;
      each.setRequests(requests.filter((_, index) => index % connections === own));
    };
    const options = { url: address, connections, duration: seconds, setupClient, headers: bearer(credential) };
    const before = await cpu();
    const { requests: done, latency, non2xx, errors } = await autocannon(options);
    if (non2xx > 0) throw new Error(`${name}: ${non2xx} were refused`);
    failed += errors;
    tails[name] = [...(tails[name] ?? []), latency.p99];
    spent[name] = [...(spent[name] ?? []), ((await cpu()) - before) / done.total];
    return done.average;
  };
}

async function startKeyServer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256' }] });
  const keyServer = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(keys);
  });
  await new Promise((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
  const jwt = await new SignJWT({ role: 'bot' })
    .setProtectedHeader({ alg: 'ES256', kid: 'bench', typ: 'JWT' })
    .setIssuer('http://127.0.0.1/bench')
    .setAudience('valetkey')
    .setSubject('bench')
    .setJti('bench')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
  const jwksUrl = `http://127.0.0.1:${keyServer.address().port}/jwks`;
  return { jwt, jwksUrl, stop: () => keyServer.close() && keyServer.closeAllConnections() };
}
