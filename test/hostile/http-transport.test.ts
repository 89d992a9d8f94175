/** http_transport: bytes on a socket that are no honest HTTP: framing, sizes, spoofed headers, slow peers (RFC 9112). */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedService, bearer, canary, keys, openAttacked, shoot } from './attacked-service.js';
import { expectRows } from './surface.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

/** Writes bytes, one piece after the other, and reads until the other side closes or is quiet. */
function say(...pieces: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(service.port, '127.0.0.1');
    const end = () => {
      socket.destroy();
      resolve(heard);
    };
    socket.setTimeout(700, end);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.on('end', end).on('error', end).on('close', end);
    for (const piece of pieces) socket.write(piece);
  });
}

const statuses = (heard: string) => [...heard.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
const auth = `Authorization: Bearer ${keys.bot}`;
const host = 'Host: x';
/** A request with these header lines, and a body. */
const request = (line: string, lines: readonly string[], body = '') =>
  `${[line, ...lines].join('\r\n')}\r\n\r\n${body}`;
const get = (...lines: string[]) => request('GET /v1/providers HTTP/1.1', [host, auth, ...lines]);
const post = (lines: readonly string[], body: string) =>
  request(
    'POST /v1/users/u1/connect/scripted HTTP/1.1',
    [host, auth, 'Content-Type: application/json', ...lines],
    body,
  );
/** A second request hidden in the first: it must never be answered. */
const smuggled = `DELETE /v1/users/victim HTTP/1.1\r\n${host}\r\n${auth}\r\n\r\n`;

const rows: Record<string, readonly [title: string, bytes: string | Buffer, status: readonly number[]][]> = {
  'the request line': [
    ['no HTTP at all', `${canary}\r\n\r\n`, [400]],
    ['TLS', Buffer.from('1603010200010001fc0303', 'hex'), [400, 0]],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
    ['HTTP/0.9', 'GET /\r\n\r\n', [400, 404]],
    ['HTTP/1.2', `GET /healthz HTTP/1.2\r\n${host}\r\n\r\n`, [400]],
    ['HTTP/9.9', `GET /healthz HTTP/9.9\r\n${host}\r\n\r\n`, [400]],
    ['http in lower case', `GET /healthz http/1.1\r\n${host}\r\n\r\n`, [400]],
    ['two blanks', `GET  /healthz HTTP/1.1\r\n${host}\r\n\r\n`, [200, 400]],
    ['a tab', `GET\t/healthz HTTP/1.1\r\n${host}\r\n\r\n`, [400]],
    ['no path', `GET  HTTP/1.1\r\n${host}\r\n\r\n`, [400]],
    ['a method nobody knows', `${canary.replaceAll('.', '')} / HTTP/1.1\r\n${host}\r\n\r\n`, [400]],
    ['a method in lower case', `get /healthz HTTP/1.1\r\n${host}\r\n\r\n`, [400]],
    ['a NUL in the path', `GET /a\0b HTTP/1.1\r\n${host}\r\n\r\n`, [400, 404]],
    ['8-bit characters in the path', Buffer.from(`GET /\xff\xfe HTTP/1.1\r\n${host}\r\n\r\n`, 'latin1'), [400, 404]],
    ['a path of 20 000 characters', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n\r\n`, [431]],
    [
      'an absolute address of another host',
      `GET http://evil.example/${canary} HTTP/1.1\r\n${host}\r\n\r\n`,
      [400, 404],
    ],
    ['CONNECT', `CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n\r\n`, [400, 404, 405, 0]],
    ['TRACE', `TRACE /${canary} HTTP/1.1\r\n${host}\r\n\r\n`, [404, 405]],
    ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${host}\r\n\r\n`, [400, 404]],
    ['a line feed alone', `GET /healthz HTTP/1.1\n${host}\n\n`, [200, 400]],
    ['a carriage return alone', `GET /healthz HTTP/1.1\r${host}\r\r`, [400]],
  ],
  'a header': [
    ['no host', request('GET /healthz HTTP/1.1', []), [400]],
    ['two hosts', request('GET /healthz HTTP/1.1', [host, 'Host: y']), [400, 200]],
    ['a blank before the colon', get(`X-A : ${canary}`), [400]],
    ['a blank in the name', get(`X A: ${canary}`), [400]],
    ['no colon', get(canary), [400]],
    ['no name', get(`: ${canary}`), [400]],
    ['a folded line', get('X-A: a', ` ${canary}`), [400, 200]],
    ['a first line that is folded', request('GET /healthz HTTP/1.1', [` ${host}`, host]), [400]],
    ['a NUL in a value', get(`X-A: a\0${canary}`), [400]],
    ['a carriage return in a value', get(`X-A: a\r${canary}`), [400]],
    ['an escape in a value', get(`X-A: \x1b[2J${canary}`), [400, 200]],
    ['8-bit characters in a name', get('X-\xe4: a'), [400]],
    ['20 000 characters', get(`X-A: ${canary}${'a'.repeat(20_000)}`), [431]],
    ['3000 of them', get(...Array.from({ length: 3000 }, (_, at) => `X-${at}: a`)), [431, 200]],
    ['two credentials', get(`Authorization: Bearer ${keys.admin}`), [200, 401]],
    ['Upgrade to WebSocket', get('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'), [200]],
    [
      'Upgrade to HTTP/2',
      get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
      [200],
    ],
    ['Expect of something', post([`Expect: ${canary}`, 'Content-Length: 2'], '{}'), [417, 201]],
    ['Range', get('Range: bytes=0-1'), [200]],
  ],
  framing: [
    ['two lengths that differ', post(['Content-Length: 2', 'Content-Length: 3'], `{}${smuggled}`), [400]],
    ['two lengths in one line', post(['Content-Length: 2, 3'], `{}${smuggled}`), [400]],
    ['a length of text', post([`Content-Length: ${canary}`], '{}'), [400]],
    ['a negative length', post(['Content-Length: -1'], '{}'), [400]],
    ['a length with a plus', post(['Content-Length: +2'], '{}'), [400]],
    ['a hexadecimal length', post(['Content-Length: 0x2'], '{}'), [400]],
    ['a length of 30 digits', post([`Content-Length: ${'9'.repeat(30)}`], '{}'), [400]],
    ['a length beyond the limit', post(['Content-Length: 999999999'], '{}'), [413]],
    [
      'length and chunks (CL.TE)',
      post(['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`),
      [400],
    ],
    [
      'chunks and length (TE.CL)',
      post(['Transfer-Encoding: chunked', 'Content-Length: 3'], `2\r\n{}\r\n0\r\n\r\n${smuggled}`),
      [400],
    ],
    ['chunked twice', post(['Transfer-Encoding: chunked, chunked'], `0\r\n\r\n${smuggled}`), [400]],
    ['chunked, then identity', post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled}`), [400]],
    ['identity', post(['Transfer-Encoding: identity'], '{}'), [400]],
    ['chunked with a blank', post(['Transfer-Encoding : chunked'], `0\r\n\r\n${smuggled}`), [400]],
    ['chunked in quotes', post(['Transfer-Encoding: "chunked"'], `0\r\n\r\n${smuggled}`), [400]],
    ['xchunked', post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${smuggled}`), [400]],
    ['chunked behind a vertical tab', post(['Transfer-Encoding:\x0bchunked'], `0\r\n\r\n${smuggled}`), [400]],
    ['a chunk size of text', post(['Transfer-Encoding: chunked'], `zz\r\n{}\r\n0\r\n\r\n`), [400]],
    ['a negative chunk size', post(['Transfer-Encoding: chunked'], `-2\r\n{}\r\n0\r\n\r\n`), [400]],
    ['a chunk size of 17 digits', post(['Transfer-Encoding: chunked'], `10000000000000002\r\n{}\r\n0\r\n\r\n`), [400]],
    ['a chunk that is longer than it says', post(['Transfer-Encoding: chunked'], `2\r\n{}XX\r\n0\r\n\r\n`), [400]],
    [
      'a chunk extension of 20 000 characters',
      post(['Transfer-Encoding: chunked'], `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
      [400, 413, 431],
    ],
    [
      'chunks beyond the limit',
      post(['Transfer-Encoding: chunked'], `${'11170\r\n'}${'a'.repeat(70_000)}\r\n0\r\n\r\n`),
      [413],
    ],
    [
      'a trailer with a credential',
      request(
        'POST /v1/users/u1/connect/scripted HTTP/1.1',
        [host, 'Content-Type: application/json', 'Transfer-Encoding: chunked'],
        `2\r\n{}\r\n0\r\n${auth}\r\n\r\n`,
      ),
      [401],
    ],
  ],
};

const table = Object.entries(rows).flatMap(([family, list]) =>
  list.map(([title, bytes, status]) => ({ title: `${family}: ${title}`, bytes, status })),
);

describe('bytes that are no honest HTTP', () => {
  expectRows('http_transport', table);

  it.each(table)('are answered once and in time, or not at all: $title', async ({ bytes, status }) => {
    await service.manager.storeToken('victim', { provider: 'scripted', accessToken: 'at' });
    const started = performance.now();
    const heard = await say(bytes);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(status).toContain(statuses(heard)[0] ?? 0);
    // Nothing of one request is taken for another.
    expect(statuses(heard).filter((one) => one < 400).length).toBeLessThanOrEqual(1);
    expect(await service.manager.hasToken('victim', 'scripted')).toBe(true);
    expect(heard).not.toContain(canary);
    expect(heard).not.toContain(keys.bot);
    expect((await shoot(service, { path: '/readyz' })).status).toBe(200);
  });

  it('are in no line of the log', () => {
    const log = service.log.join('\n');
    for (const mark of [canary, keys.bot, keys.admin]) expect(log).not.toContain(mark);
  });
});

describe('headers of a proxy that nobody is', () => {
  const spoofed: readonly [name: string, value: string][] = [
    ['Host', 'evil.example'],
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Proto', 'javascript'],
    ['X-Forwarded-Port', '1'],
    ['X-Forwarded-Prefix', '//evil.example'],
    ['Forwarded', 'host=evil.example;proto=ftp'],
    ['X-Original-URL', '/v1/users/victim'],
    ['X-Rewrite-URL', '/v1/users/victim'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-HTTP-Method', 'DELETE'],
    ['X-Method-Override', 'DELETE'],
    ['X-Forwarded-For', '127.0.0.1, ::1, evil.example'],
    ['X-Real-IP', '127.0.0.1'],
    ['Origin', 'https://evil.example'],
    ['Referer', 'https://evil.example/'],
    ['User-Agent', 'kube-probe/1.30'],
    ['X-Request-Id', canary],
    ['Traceparent', `00-${canary}`],
  ];

  it.each(spoofed)('%s: %s changes no address of ours and no right (A8)', async (name, value) => {
    const headers = { ...bearer(keys.bot), 'content-type': 'application/json', [name.toLowerCase()]: value };
    const made = await shoot(service, { method: 'POST', path: '/v1/users/u1/connect/scripted', headers, body: '{}' });
    expect(made.status).toBe(201);
    expect(new URL(JSON.parse(made.text).connect_url).origin).toBe(service.address);
    expect(made.text + JSON.stringify(made.headers)).not.toMatch(/evil\.example|cAnArY/);
    const bare = await shoot(service, { path: '/v1/providers', headers: { [name.toLowerCase()]: value } });
    expect([401, 429]).toContain(bare.status);
    expect(bare.headers['access-control-allow-origin']).toBeUndefined();
    expect(service.log.join('')).not.toContain(canary);
  });
});

describe('slow peers', () => {
  it('that send half a request take nothing from the others', async () => {
    const halves = Array.from({ length: 50 }, () =>
      say('POST /v1/users/u1/connect/scripted HTTP/1.1\r\nHost: x\r\nContent-Le'),
    );
    const started = performance.now();
    expect((await shoot(service, { path: '/v1/providers', headers: bearer(keys.bot) })).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(2_000);
    await Promise.all(halves);
  });

  it('are bounded by times and sizes that the server has set', () => {
    const { server } = service.app;
    expect(server.headersTimeout).toBeLessThanOrEqual(15_000);
    expect(server.requestTimeout).toBeLessThanOrEqual(20_000);
    expect(server.keepAliveTimeout).toBeLessThanOrEqual(75_000);
  });
});
