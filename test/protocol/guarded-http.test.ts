/** The way out for foreign URLs reaches public addresses and nothing else: a listener on loopback must see nobody. */

import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGuardedHttp, type GuardOptions, isPublicAddress } from '../../src/protocol/guarded-http.js';
import { HttpFailure } from '../../src/protocol/http-failure.js';
import { expectRows } from '../hostile/surface.js';
import { type Canary, startCanary } from '../support/canary.js';
import { takeRefusedConnections } from '../support/network-guard.js';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

let canary: Canary;
let server: ScriptedServer;
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  canary = await startCanary();
  server = await startScriptedServer();
});

afterEach(async () => {
  await Promise.all([...opened.splice(0), canary, server].map((each) => each.close()));
});

function guarded(options: GuardOptions = {}) {
  const http = createGuardedHttp({ deadlineMs: 2_000, ...options });
  opened.push(http);
  return http;
}

const resolveTo =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

async function failureOf(work: Promise<unknown>): Promise<HttpFailure> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HttpFailure);
  return error instanceof HttpFailure ? error : new HttpFailure('connection', 'no');
}

const privateAddresses = [
  ['loopback', '127.0.0.1'],
  ['loopback, elsewhere', '127.9.9.9'],
  ['unspecified', '0.0.0.0'],
  ['private 10/8', '10.0.0.1'],
  ['private 172.16/12', '172.31.255.255'],
  ['private 192.168/16', '192.168.0.1'],
  ['cloud metadata', '169.254.169.254'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['documentation', '192.0.2.1'],
  ['benchmarks', '198.18.0.1'],
  ['multicast', '224.0.0.1'],
  ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['IPv6 loopback', '::1'],
  ['IPv6 unspecified', '::'],
  ['IPv4-mapped', '::ffff:127.0.0.1'],
  ['IPv4-mapped, in hexadecimal', '::ffff:7f00:1'],
  ['IPv4-compatible', '::127.0.0.1'],
  ['IPv4-compatible, in hexadecimal', '::7f00:1'],
  ['NAT64', '64:ff9b::7f00:1'],
  ['NAT64, local', '64:ff9b:1::7f00:1'],
  ['6to4', '2002:7f00:1::'],
  ['Teredo', '2001::1'],
  ['unique local', 'fd00::1'],
  ['link-local', 'fe80::1'],
  ['link-local with a zone', 'fe80::1%lo'],
  ['site-local', 'fec0::1'],
  ['IPv6 multicast', 'ff02::1'],
  ['IPv6 documentation', '2001:db8::1'],
] as const;

/** Other spellings of 127.0.0.1 and of names for it. */
const spellings = [
  '127.1',
  '0177.0.0.1',
  '0x7f.0.0.1',
  '0x7f000001',
  '2130706433',
  '017700000001',
  '127.0.0.1.',
  '１２７.０.０.１',
  '127。0。0。1',
  '[::ffff:127.0.0.1]',
  '[0:0:0:0:0:ffff:7f00:0001]',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'foo.localhost',
];

describe('addresses (M-52)', () => {
  it.each(privateAddresses)('%s is not public: %s', (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each(['', 'mcp.example', '127.0.0.1:80', '8.8.8.8.8'])('%j is no address, so it is not public', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });

  it('the canary hears whoever does connect', async () => {
    const socket = connect(canary.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(canary.connections()).toBe(1);
  });
});

describe('a URL with an address in it (M-50, M-56)', () => {
  const named = privateAddresses.map((row) => ['by name', ...row]);
  expectRows('ssrf_url', privateAddresses, named, spellings);

  it.each(privateAddresses.filter(([, address]) => !address.includes('%')))(
    '%s is not connected to: %s',
    async (_what, address) => {
      const host = address.includes(':') ? `[${address}]` : address;
      const failure = await failureOf(guarded().fetch(`https://${host}:${canary.port}/`, {}));
      expect(failure).toMatchObject({ kind: 'connection', sent: 'no' });
      expect(canary.connections()).toBe(0);
    },
  );

  it.each(spellings)('is not connected to however it is spelt: %s', async (host) => {
    const http = guarded({ resolve: resolveTo('127.0.0.1') });
    await failureOf(http.fetch(`https://${host}:${canary.port}/`, {}));
    await expect(http.stream(`https://${host}:${canary.port}/`)).rejects.toThrow();
    expect(canary.connections()).toBe(0);
  });
});

describe('a name (M-52, M-53)', () => {
  it.each(privateAddresses)('that leads to %s is not connected to', async (_what, address) => {
    const http = guarded({ resolve: resolveTo(address) });
    await failureOf(http.fetch(`https://mcp.example:${canary.port}/`, {}));
    await expect(http.stream(`https://mcp.example:${canary.port}/`)).rejects.toThrow();
    expect(canary.connections()).toBe(0);
  });

  it.each([
    ['first', ['127.0.0.1', '93.184.216.34']],
    ['last', ['93.184.216.34', '127.0.0.1']],
    ['as IPv6', ['93.184.216.34', '::1']],
  ])('with one private address among its public ones is not connected to at all: %s', async (_where, addresses) => {
    const http = guarded({ resolve: resolveTo(...addresses) });
    await failureOf(http.fetch(`https://mcp.example:${canary.port}/`, {}));
    expect(canary.connections()).toBe(0);
    expect(takeRefusedConnections()).toEqual([]);
  });

  it('is connected to at the address that was checked, and looked up once for it (rebinding)', async () => {
    const answers = ['93.184.216.34', '127.0.0.1'];
    let lookups = 0;
    const http = guarded({ resolve: async () => [{ address: answers[lookups++] ?? '', family: 4 }] });
    await failureOf(http.fetch(`https://mcp.example:${canary.port}/`, {}));
    expect(lookups).toBe(1);
    expect(takeRefusedConnections().join()).toContain('93.184.216.34');
    await failureOf(http.fetch(`https://mcp.example:${canary.port}/`, {}));
    expect(lookups).toBe(2);
    expect(canary.connections()).toBe(0);
  });

  it('that has no address fails like one that is refused: nothing tells them apart (M-55)', async () => {
    const unknown = guarded({ resolve: () => Promise.reject(new Error('ENOTFOUND secret-host')) });
    const failures = await Promise.all(
      [
        unknown.fetch('https://mcp.example/', {}),
        guarded({ resolve: resolveTo('10.0.0.1') }).fetch('https://mcp.example/', {}),
        guarded({ resolve: resolveTo() }).fetch('https://mcp.example/', {}),
        guarded().fetch('https://10.0.0.1/', {}),
      ].map(failureOf),
    );
    const told = failures.map(({ kind, sent, message, cause, status }) => ({ kind, sent, message, cause, status }));
    expect(new Set(told.map((each) => JSON.stringify(each))).size).toBe(1);
  });
});

describe('the development switch (M-51)', () => {
  it('off: http is refused, even to loopback', async () => {
    expect(await failureOf(guarded().fetch(`${server.url}/`, {}))).toMatchObject({ kind: 'insecure' });
    await expect(guarded().stream(server.url)).rejects.toMatchObject({ kind: 'insecure' });
    expect(server.requests).toEqual([]);
  });

  it('on: http reaches loopback by its own names only', async () => {
    server.answer('/', { json: {} });
    const http = guarded({ allowInsecureLoopback: true, resolve: resolveTo('127.0.0.1') });
    expect((await http.fetch(`${server.url}/`, {})).status).toBe(200);
    expect((await http.fetch(`${server.url.replace('127.0.0.1', 'localhost')}/`, {})).status).toBe(200);
    expect(await failureOf(http.fetch(`http://mcp.example:${canary.port}/`, {}))).toMatchObject({ kind: 'insecure' });
    expect(await failureOf(http.fetch(`https://mcp.example:${canary.port}/`, {}))).toMatchObject({
      kind: 'connection',
    });
    expect(await failureOf(http.fetch(`https://10.0.0.1:${canary.port}/`, {}))).toMatchObject({ kind: 'connection' });
    expect(canary.connections()).toBe(0);
  });
});

describe('a stream', () => {
  it('brings the headers of the answer, and ends when its caller does', async () => {
    server.answer('/', { json: {}, headers: { 'mcp-session-id': 's1' } }, { after: new Promise(() => undefined) });
    const { stream } = guarded({ allowInsecureLoopback: true });
    // Looked up where the system does it.
    const answer = await stream(server.url.replace('127.0.0.1', 'localhost'));
    expect([answer.headers.get('mcp-session-id'), await answer.json()]).toEqual(['s1', {}]);
    expect(server.requests[0]?.method).toBe('GET');
    const controller = new AbortController();
    const left = stream(server.url, { signal: controller.signal });
    controller.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('answers (M-54, M-55)', () => {
  const dev = () => guarded({ allowInsecureLoopback: true, deadlineMs: 500 });

  it.each([301, 302, 303, 307, 308])('of status %i are not followed, with whatever method', async (status) => {
    server.answer('/', { status, headers: { location: `http://127.0.0.1:${canary.port}/` } });
    for (const method of ['GET', 'POST']) {
      const init = { method, ...(method === 'POST' && { body: 'client_secret=s' }) };
      expect(await failureOf(dev().fetch(`${server.url}/`, init))).toMatchObject({ kind: 'redirect', status });
      expect((await dev().stream(`${server.url}/`, init)).status).toBe(status);
    }
    expect(canary.connections()).toBe(0);
  });

  it('of more than 64 KiB are not read', async () => {
    server.answer('/', { text: 'a'.repeat(64 * 1024) }, { text: 'a'.repeat(64 * 1024 + 1) });
    expect((await (await dev().fetch(`${server.url}/`, {})).text()).length).toBe(64 * 1024);
    expect(await failureOf(dev().fetch(`${server.url}/`, {}))).toMatchObject({ kind: 'too_large' });
  });

  it('of more than 64 KiB once decompressed are not read', async () => {
    server.answer('/', { text: gzipSync('a'.repeat(1024 * 1024)), headers: { 'content-encoding': 'gzip' } });
    expect(await failureOf(dev().fetch(`${server.url}/`, {}))).toMatchObject({ kind: 'too_large' });
  });

  it('that do not come are not waited for', async () => {
    server.answer('/', { after: new Promise(() => {}) });
    expect(await failureOf(dev().fetch(`${server.url}/`, {}))).toMatchObject({ kind: 'timeout' });
  });
});
