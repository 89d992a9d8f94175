/**
 * `npm run bench:events [-- --rounds 50]`: the time from sending a proof until a waiting bot learns that the connect is
 * finished, by server-sent events, by long poll and by webhook. Two services share one store. The bot and the delivery of
 * webhooks are at one of them; the proof is sent to the same one, or to the other one.
 */

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { startServer } from './support/child.mjs';
import { median } from './support/measure.mjs';
import { connectQuickly } from './support/quick-person.mjs';
import { freePort } from './support/redis-server.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';
import { endAll, makeDirectory, startRedis } from './support/stage.mjs';

const { rounds } = readCounts({ rounds: 50 });
const apiKey = 'bench-bot-key-bench-bot-key-bench-0001';
const authorization = { authorization: `Bearer ${apiKey}` };
const service = new URL('./support/event-service.mjs', import.meta.url).pathname;

/** The times (`performance.now()`) at which the bot learned of each connect, by way; waiters get them. */
function createEars() {
  const heard = new Map();
  const entry = (way, id) => {
    const key = `${way} ${id}`;
    if (!heard.has(key)) {
      let tell;
      const at = new Promise((resolve) => {
        tell = resolve;
      });
      heard.set(key, { at, tell });
    }
    return heard.get(key);
  };
  return {
    hear: (way, id) => entry(way, id).tell(performance.now()),
    heardAt: (way, id) => entry(way, id).at,
  };
}

/** A server on loopback; `answer(request, text)` gives the body. */
async function serve(answer) {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(request, text)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => server.closeAllConnections() || server.close(),
  };
}

async function call(address, method, path, body) {
  const headers = { ...authorization, ...(body && { 'content-type': 'application/json' }) };
  const response = await fetch(`${address}/v1${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.code}`);
  return answer;
}

/** Listens to server-sent events until the service ends. */
async function follow(address, ears, opened) {
  const response = await fetch(`${address}/v1/events`, { headers: authorization });
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    opened();
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const line = block.split('\n').find((each) => each.startsWith('data: '));
      const data = line && JSON.parse(line.slice('data: '.length));
      if (data?.type === 'connect.completed') ears.hear('sse', data.connect_id);
    }
  }
}

async function poll(address, ears, id) {
  for (;;) {
    const { status } = await call(address, 'GET', `/connects/${id}?wait=30`);
    if (status === 'connected') return ears.hear('poll', id);
    if (status !== 'awaiting_proof') throw new Error(`the connect is ${status}`);
  }
}

/** One connect, proven at `proofAt` and waited for at `waitAt`; ms from the sending of the proof, by way. */
async function round({ ears, waitAt, proofAt, user }) {
  const { connect_id: id, connect_url: link } = await call(waitAt, 'POST', `/users/${user}/connect/instant`, {});
  const code = await connectQuickly(link);
  const polling = poll(waitAt, ears, id);
  // Long enough for the poll to be waiting, and random, so that the rounds are not in step with any timer.
  await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 200));
  const sentAt = performance.now();
  await call(proofAt, 'POST', `/users/${user}/proof`, { code });
  await polling;
  const ways = ['sse', 'poll', 'webhook'];
  const heard = await Promise.all(ways.map((way) => ears.heardAt(way, id)));
  return Object.fromEntries(ways.map((way, index) => [way, heard[index] - sentAt]));
}

async function measure(store, place, providersFile) {
  const ears = createEars();
  const receiver = await serve((_request, text) => {
    const { type, data } = JSON.parse(text);
    if (type === 'connect.completed') ears.hear('webhook', data.connect_id);
    return {};
  });
  const [near, far] = [await freePort(), await freePort()];
  const common = {
    ...place,
    BASE_URL: `http://127.0.0.1:${near}`,
    ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 3).toString('base64')}`,
    API_KEYS: `bench:bot:${apiKey}`,
    PROVIDERS_FILE: providersFile,
    ALLOW_INSECURE_LOOPBACK_PROVIDERS: 'true',
    RATE_LIMIT_PER_MINUTE: '0',
    RATE_LIMIT_BROWSER_PER_MINUTE: '0',
    LOG_LEVEL: 'error',
  };
  const secret = `whsec_${Buffer.alloc(32, 4).toString('base64')}`;
  const delivering = { WEBHOOK_URL: `${receiver.origin}/hook`, WEBHOOK_SECRETS: secret };
  const one = await startServer(service, [], { ...common, ...delivering, EVENT_PORT: String(near) });
  const other = await startServer(service, [], { ...common, EVENT_PORT: String(far) });
  const streaming = new Promise((opened) => follow(one.address, ears, opened).catch(() => undefined));
  await streaming;
  const rows = [];
  for (const [where, proofAt] of [
    ['the same process', one.address],
    ['another process', other.address],
  ]) {
    const figures = [];
    // The first round is for warming up.
    for (let number = -1; number < rounds; number += 1) {
      const figure = await round({ ears, waitAt: one.address, proofAt, user: `${where.split(' ')[0]}-${number}` });
      if (number >= 0) figures.push(figure);
    }
    for (const way of ['sse', 'poll', 'webhook']) {
      const ms = figures.map((figure) => figure[way]);
      rows.push([store, where, way, shown(median(ms)), shown(Math.max(...ms))]);
    }
  }
  await Promise.all([one.stop(), other.stop()]);
  receiver.close();
  return rows;
}

const provider = await serve(({ url }) =>
  url === '/token'
    ? { access_token: 'a', token_type: 'Bearer', expires_in: 3600, refresh_token: 'r' }
    : { sub: `account-${Math.random()}` },
);
const directory = makeDirectory();
const providersFile = join(directory, 'providers.json');
const instant = {
  display_name: 'Instant',
  authorization_endpoint: `${provider.origin}/authorize`,
  token_endpoint: `${provider.origin}/token`,
  userinfo_endpoint: `${provider.origin}/userinfo`,
  client_id: 'bench',
  client_secret: 'secret-of-the-bench',
  scopes: [],
  identity: { id: 'sub' },
};
writeFileSync(providersFile, JSON.stringify({ providers: { instant } }));

const rows = [
  ...(await measure('embedded', { DATA_DIR: makeDirectory() }, providersFile)),
  ...(await measure('redis', { REDIS_URL: await startRedis() }, providersFile)),
];
printTable(
  `From sending the proof to hearing of the connect, ${rounds} rounds`,
  ['store', 'proof at', 'way', 'median, ms', 'worst, ms (goal: below 250)'],
  rows,
);
printNote('Each figure holds the proof itself. Webhooks are delivered by the process that the bot waits at.');
provider.close();
await endAll();
process.exit(0);
