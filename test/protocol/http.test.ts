import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { JoinedHeaders } from '../../src/protocol/answer-headers.js';
import { createHttp, largestAnswerBytes } from '../../src/protocol/http.js';
import { type Answerer, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

const http = createHttp({ allowInsecureLoopback: true });
let server: ScriptedServer;
let paths = 0;
let path = '';

beforeAll(async () => {
  server = await startScriptedServer();
});
beforeEach(() => {
  paths += 1;
  path = `/${paths}`;
});
afterAll(async () => {
  await http.close();
  await server.close();
});

function post(...answers: Answerer[]): Promise<Response> {
  server.answer(path, ...answers);
  return http.fetch(server.url + path, { method: 'POST', body: 'grant_type=refresh_token' });
}

const received = () => server.requestsTo(path).length;

describe('what never reaches the caller', () => {
  test.each([301, 302, 303, 307, 308])(
    'a redirect %i is refused, and its target gets nothing (threats C4)',
    async (status) => {
      const stranger = await startScriptedServer();
      try {
        const answer = { status, headers: { location: `${stranger.url}/token` } };
        await expect(post(answer)).rejects.toMatchObject({ kind: 'redirect', sent: 'unknown', status });
        expect(stranger.requests).toHaveLength(0);
      } finally {
        await stranger.close();
      }
    },
  );

  test('an answer over the limit is too large, without or with compression', async () => {
    const text = Buffer.alloc(largestAnswerBytes + 1, 0x20);
    await expect(post({ text })).rejects.toMatchObject({ kind: 'too_large', sent: 'unknown' });
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    const zipped = { text: bomb, headers: { 'content-encoding': 'gzip' } };
    await expect(post(zipped)).rejects.toMatchObject({ kind: 'too_large', sent: 'unknown' });
  });

  test('an answer in a broken or unknown encoding is a lost answer', async () => {
    const broken = { text: 'not gzip', headers: { 'content-encoding': 'gzip' } };
    await expect(post(broken)).rejects.toMatchObject({ kind: 'connection', sent: 'unknown' });
    const unknown = { text: '{}', headers: { 'content-encoding': 'zstd' } };
    await expect(post(unknown)).rejects.toMatchObject({ kind: 'connection', sent: 'unknown' });
  });
});

test('each request goes to the query that it names, or to none, whichever was asked before', async () => {
  server.answer(path, {});
  for (const query of ['?a=1', '', '?a=2', ''])
    await http.post(`${server.url}${path}${query}`, { headers: {}, body: '' });
  expect(server.requestsTo(path).map((request) => request.query.toString())).toEqual(['a=1', '', 'a=2', '']);
});

test('an answer that was compressed unasked is read', async () => {
  const response = await post({ text: gzipSync('{"a":1}'), headers: { 'content-encoding': 'gzip' } });
  expect(await response.json()).toEqual({ a: 1 });
});

test.each([200, 204, 205, 404])(
  'an answer %i with no content type, or nothing in it, is taken as it came',
  async (status) => {
    const response = await post({ status, text: status === 205 ? 'against the rules' : '' });
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([status, null, '']);
  },
);

describe('whether the request may have been carried out', () => {
  test('nobody listens: it was not', async () => {
    const gone = await startScriptedServer();
    await gone.close();
    const asked = http.fetch(`${gone.url}/token`, { method: 'POST', body: 'x' });
    await expect(asked).rejects.toMatchObject({ kind: 'connection', sent: 'no' });
  });

  test('the process stood still beyond the deadline while it connected: it was not', async () => {
    const frozen = createHttp({ allowInsecureLoopback: true, deadlineMs: 50 });
    await frozen.fetch(server.url, { method: 'POST' }).catch(() => undefined);
    server.answer(path, { json: {} });
    // Beside the connection that is kept, from among the timers: the connection is reported before they are looked at again.
    const asked = await sleep(1).then(() => [1, 2].map(() => frozen.fetch(server.url + path, { method: 'POST' })));
    await new Promise(process.nextTick);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    const ends = await Promise.allSettled(asked);
    expect(ends).toMatchObject([1, 2].map(() => ({ reason: { kind: 'timeout', sent: 'no' } })));
    await frozen.close();
    expect(received()).toBe(0);
  });

  test('the TLS handshake fails, or never ends: it was not', async () => {
    const url = server.url.replace('http:', 'https:');
    await expect(http.fetch(url, { method: 'POST', body: 'x' })).rejects.toMatchObject({
      kind: 'connection',
      sent: 'no',
    });
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const hasty = createHttp({ deadlineMs: 100 });
    const asked = hasty.fetch(`https://127.0.0.1:${port}/`, { method: 'POST', body: 'x' });
    await expect(asked).rejects.toMatchObject({ kind: 'timeout', sent: 'no' });
    for (const socket of sockets) socket.destroy();
    await hasty.close();
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  });

  test('the connection ends before or within the answer: unknown, and the POST is not repeated', async () => {
    await expect(post({ cut: 'at_once' })).rejects.toMatchObject({ kind: 'connection', sent: 'unknown' });
    expect(received()).toBe(1);
    await expect(
      post({ json: { access_token: 'x' }, headers: { 'content-length': '99' }, cut: 'mid_body' }),
    ).rejects.toMatchObject({ kind: 'connection', sent: 'unknown' });
    expect(received()).toBe(2);
  });

  test('no answer by the deadline: unknown', async () => {
    const hasty = createHttp({ deadlineMs: 80, allowInsecureLoopback: true });
    server.answer(path, { after: new Promise(() => undefined) });
    const asked = hasty.fetch(server.url + path, { method: 'POST', body: 'x' });
    await expect(asked).rejects.toMatchObject({ kind: 'timeout', sent: 'unknown' });
    await hasty.close();
  });

  test('the deadline also covers the body', async () => {
    const sockets: Socket[] = [];
    const drip = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{');
    });
    await new Promise<void>((resolve) => drip.listen(0, '127.0.0.1', resolve));
    const address = drip.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const hasty = createHttp({ deadlineMs: 80, allowInsecureLoopback: true });
    await expect(hasty.fetch(`http://127.0.0.1:${port}/`, {})).rejects.toMatchObject({ kind: 'timeout' });
    for (const socket of sockets) socket.destroy();
    await hasty.close();
    await new Promise<void>((resolve) => drip.close(() => resolve()));
  });
});

test.each([401, 407, 408, 421, 503])('a POST that is answered %i is sent once (threats R23)', async (status) => {
  const response = await post({ status, headers: { 'www-authenticate': 'Basic realm="x"' } });
  expect(response.status).toBe(status);
  expect(received()).toBe(1);
});

test('plain http is refused, also to loopback unless that is allowed, and so are credentials in the URL', async () => {
  const strict = createHttp();
  await expect(strict.fetch(server.url, {})).rejects.toMatchObject({ kind: 'insecure', sent: 'no' });
  await expect(http.fetch('http://127.0.0.1.example.com/', {})).rejects.toMatchObject({ kind: 'insecure' });
  await expect(http.fetch('https://user:secret@127.0.0.1/', {})).rejects.toMatchObject({ kind: 'insecure' });
  await expect(http.fetch('not a url', {})).rejects.toMatchObject({ kind: 'insecure' });
  await strict.close();
});

test('a caller’s signal ends the exchange', async () => {
  const controller = new AbortController();
  server.answer(path, () => {
    controller.abort();
    return { after: new Promise(() => undefined) };
  });
  const asked = http.fetch(server.url + path, { method: 'POST', body: 'x', signal: controller.signal });
  await expect(asked).rejects.toMatchObject({ kind: 'timeout', sent: 'unknown' });
});

test('a token that cannot stand in a header does not stand in the error either', async () => {
  const headers = { authorization: 'Bearer canary\ncanary' };
  const error: unknown = await http.fetch(server.url, { headers }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ kind: 'connection', sent: 'no' });
  expect(inspect(error, { depth: 9 })).not.toContain('canary');
});

describe('a plain post', () => {
  test('brings the text, decompressed, and headers by their names in lower case, several of one name joined', async () => {
    const headers = { 'content-encoding': 'gzip', 'X-Once': 'one' };
    server.answer(path, { status: 201, text: gzipSync('{"a":1}'), headers });
    const answer = await http.post(server.url + path, { headers: { accept: 'text/plain' }, body: 'x=1' });
    expect(answer).toMatchObject({ status: 201, text: '{"a":1}' });
    expect(answer.headers.get('x-once')).toBe('one');
    expect(new JoinedHeaders({ 'x-twice': ['one', 'two'] }).get('x-twice')).toBe('one, two');
    const [request] = server.requestsTo(path);
    expect(request).toMatchObject({ method: 'POST', body: 'x=1' });
    expect(request?.headers).toMatchObject({ accept: 'text/plain', 'accept-encoding': 'identity' });
  });

  test('is refused where fetch is: another scheme, a redirect, a header that cannot be one', async () => {
    server.answer(path, { status: 307, headers: { location: server.url } });
    const plain = { headers: {}, body: 'x' };
    await expect(http.post('http://example.com/', plain)).rejects.toMatchObject({ kind: 'insecure', sent: 'no' });
    await expect(http.post(server.url + path, plain)).rejects.toMatchObject({ kind: 'redirect', status: 307 });
    const headers = { authorization: 'Bearer canary\ncanary' };
    const error: unknown = await http.post(server.url, { headers, body: 'x' }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: 'connection', sent: 'no' });
    expect(inspect(error, { depth: 9 })).not.toContain('canary');
  });
});
