import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { meanings } from '../../routes/error-handler.js';
import { MessageReader } from '../../src/client/event-stream.js';
import { Secret, ValetkeyClient, type ValetkeyClientOptions } from '../../src/client/index.js';
import { errorOf } from '../../src/client/problems.js';

const apiKey = 'a-key-of-the-test-a-key-of-the-test-01';
const listing = { connections: [] };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A service that answers as it is told, one after the other; the last answer again and again. */
async function open(answers: readonly Answer[], options: Partial<ValetkeyClientOptions> = {}) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const answer = answers[seen.length] ?? answers.at(-1);
    seen.push(request);
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { seen, client: new ValetkeyClient({ baseUrl: `http://127.0.0.1:${port}`, apiKey, ...options }) };
}

const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const breakOff: Answer = (request) => request.socket.destroy();
const silent: Answer = () => undefined;
const busy = json(503, { code: 'store_unavailable', detail: 'away' });

describe('the client when things go wrong', () => {
  it.each([
    ['the connection breaks', breakOff],
    ['the store is away', busy],
    ['a proxy answers 502 by itself', json(502, {})],
    ['there are too many requests', json(429, { code: 'rate_limited' }, { 'retry-after': '0' })],
  ])('tries a GET again when %s', async (_title, failure) => {
    const { client, seen } = await open([failure, failure, json(200, listing)]);
    expect(await client.listUserConnections('u')).toEqual([]);
    expect(seen).toHaveLength(3);
  });

  it('gives up after the retries that it was given, with the last error', async () => {
    const { client, seen } = await open([busy], { retries: 1 });
    await expect(client.listUserConnections('u')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(seen).toHaveLength(2);
  });

  it('does not wait for longer than a caller would, but tells how long', async () => {
    const { client, seen } = await open([json(429, { code: 'rate_limited' }, { 'retry-after': '60' })]);
    await expect(client.listUserConnections('u')).rejects.toMatchObject({ retryAfterMs: 60_000 });
    expect(seen).toHaveLength(1);
  });

  it.each(['submitProof', 'startConnect', 'deleteToken'] as const)(
    'sends %s once, whatever happens',
    async (method) => {
      for (const failure of [breakOff, busy]) {
        const { client, seen } = await open([failure, json(200, {})]);
        await expect(client[method]('u', 'A')).rejects.toMatchObject({
          code: expect.stringMatching(/unreachable|unavailable/),
        });
        expect(seen).toHaveLength(1);
      }
    },
  );

  it('gives up on a service that says nothing, within its deadline', async () => {
    const { client } = await open([silent], { timeoutMs: 50, retries: 0 });
    await expect(client.listUserConnections('u')).rejects.toMatchObject({ code: 'service_unreachable' });
  });

  it('follows no redirect: the key would go along', async () => {
    const { client, seen } = await open([json(307, {}, { location: '/elsewhere' })], { retries: 0 });
    const refused = { code: 'service_unreachable', status: 307, message: expect.stringContaining('baseUrl') };
    await expect(client.listUserConnections('u')).rejects.toMatchObject(refused);
    expect(seen).toHaveLength(1);
  });

  it('asks for no mode of redirects that Cloudflare Workers lack, and knows what browsers show of one', async () => {
    const { client, seen } = await open([json(200, listing)], {
      fetch: async (input, init) => {
        if (init?.redirect === 'error') throw new TypeError('Invalid redirect value');
        return fetch(input, init);
      },
    });
    expect(await client.listUserConnections('u')).toEqual([]);
    const shown = Response.error();
    Object.defineProperty(shown, 'type', { value: 'opaqueredirect' });
    const inBrowser = new ValetkeyClient({ baseUrl: 'http://a', apiKey, retries: 0, fetch: async () => shown });
    await expect(inBrowser.listUserConnections('u')).rejects.toThrow(/^A redirect/);
    expect(seen).toHaveLength(1);
  });

  it('names the field of an answer that cannot be used, and never repeats it', async () => {
    const { client } = await open([json(200, { access_token: 5, token_type: 'CANARY' })]);
    const error = await client.requireToken('u', 'p').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unexpected_answer', message: expect.stringContaining('access_token') });
    expect(String(error)).not.toContain('CANARY');
  });

  it('shows its key to nobody', async () => {
    const { client, seen } = await open([json(200, listing)]);
    await client.listUserConnections('u');
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${apiKey}`);
    const unreachable = await new ValetkeyClient({ baseUrl: 'http://127.0.0.1:1', apiKey, retries: 0 })
      .listUserConnections('u')
      .catch((error: unknown) => error);
    const { inspect } = await import('node:util');
    expect(inspect([client, unreachable], { depth: 9, showHidden: true })).not.toContain(apiKey);
  });

  it.each<[string, keyof ValetkeyClient, unknown[]]>([
    ['userId', 'requireToken', [undefined, 'github']],
    ['userId', 'startConnect', [null, 'github']],
    ['userId', 'submitProof', [{ id: 'u' }, 'ABCDEFGH']],
    ['userId', 'requireOAuthToken', [{ user: 'u' }, 'github']],
    ['provider', 'getToken', ['u', undefined]],
    ['connectId', 'waitForConnect', [undefined]],
    ['context', 'requireOAuthToken', [undefined, 'github']],
    ['options', 'getToken', ['u', 'github', null]],
    ['options', 'deleteToken', ['u', 'github', 'work']],
    ['options', 'refreshToken', ['u', 'github']],
    ['options', 'exchangeToken', ['github']],
    ['account', 'deleteToken', ['u', 'github', { account: null }]],
    ['scopes', 'requireToken', ['u', 'github', { scopes: 'repo' }]],
    ['purpose', 'requireToken', ['u', 'github', { purpose: '日程を確認' }]],
    ['purpose', 'getToken', ['u', 'github', { purpose: 'list\nissues' }]],
    ['rejected_token', 'refreshToken', ['u', 'github', {}]],
    ['rejected_token', 'refreshToken', ['u', 'github', { rejectedToken: { accessToken: new Secret('t') } }]],
    ['subject_token', 'exchangeToken', ['github', { subjectToken: 5 }]],
  ])('sends nothing in the place of what is no %s (%s %j)', async (field, method, given) => {
    const { client, seen } = await open([json(200, {})]);
    const refused = { code: 'invalid_request', field };
    await expect(Reflect.apply(client[method], client, given)).rejects.toMatchObject(refused);
    expect(seen).toEqual([]);
  });

  it('refuses an address or a key that cannot be one', () => {
    expect(() => Reflect.construct(ValetkeyClient, [])).toThrow(/^options: must be an object$/);
    for (const baseUrl of ['valetkey', 'localhost:3000', 'ftp://a'])
      expect(() => new ValetkeyClient({ baseUrl, apiKey })).toThrow(/^baseUrl: must be a URL of http or https$/);
    expect(() => new ValetkeyClient(JSON.parse('{"baseUrl":"http://a"}'))).toThrow(/^apiKey: must be the key/);
    expect(() => new ValetkeyClient({ baseUrl: 'http://a', apiKey: 'two words' })).toThrow(/apiKey(?!.*two words)/);
  });

  it.each(['', '.', '..', '\ud800'])('sends nothing where a name is %j, which no path can hold', async (name) => {
    const { client, seen } = await open([json(200, {})]);
    const refusalsOf = async (calls: () => readonly Promise<unknown>[]) =>
      new Set(await Promise.all(calls().map((call) => call.catch(({ code, field }) => `${code} ${field}`))));
    const ofUser = () => [
      client.requireToken(name, 'github'),
      client.refreshToken(name, 'github', { rejectedToken: 't' }),
      client.startConnect(name, 'github'),
      client.submitProof(name, 'ABCDEFGH'),
      client.listUserConnections(name),
      client.deleteToken(name, 'github'),
      client.createAccountLink(name),
    ];
    const ofProvider = () => [
      client.requireToken('u', name),
      client.exchangeToken(name, { subjectToken: 't' }),
      client.startConnect('u', name),
      client.deleteToken('u', name),
    ];
    const ofConnect = () => [client.findConnect(name), client.waitForConnect(name)];
    expect(await refusalsOf(ofUser)).toEqual(new Set(['invalid_request userId']));
    expect(await refusalsOf(ofProvider)).toEqual(new Set(['invalid_request provider']));
    expect(await refusalsOf(ofConnect)).toEqual(new Set(['invalid_request connectId']));
    expect(seen).toHaveLength(0);
  });

  it('goes on waiting for a connect while the service is away', async () => {
    const view = (status: string) => json(200, { connect_id: 'cn_1', provider: 'p', status });
    const { client } = await open([view('pending'), breakOff, busy, view('connected')], { retries: 0 });
    expect((await client.waitForConnect('cn_1')).status).toBe('connected');
  });

  it('comes back to a broken event stream with the id of the last event', async () => {
    const body = { at: 5, user: 'u', provider: 'p', account_label: 'default' };
    const event = (id: string) => `id: ${id}\nevent: connection.created\ndata: ${JSON.stringify(body)}\n\n`;
    const stream =
      (...parts: string[]): Answer =>
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const part of parts) response.write(part);
        setTimeout(() => response.destroy(), 20);
      };
    const { client, seen } = await open([
      stream('retry: 10\nid: 3\n\n'),
      stream(event('4'), event('5').slice(0, 30)),
      busy,
      stream(event('5')),
    ]);
    const ids: string[] = [];
    for await (const { id, at } of client.events()) {
      expect(at).toBe(5000);
      if (ids.push(id) === 2) break;
    }
    expect(ids).toEqual(['4', '5']);
    expect(seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '3', '4', '4']);
  });
});

describe('a problem', () => {
  it.each(Object.keys(meanings))('%s becomes an error with the code that travels', (code) => {
    const meaning = Object.entries(meanings).find(([name]) => name === code)?.[1];
    if (meaning === undefined || meaning.status === 500) return expect(meaning?.code).toBe('internal_error');
    const body = {
      code: meaning.code,
      detail: 'd',
      provider: 'p',
      connect_url: 'u',
      connect_id: 'c',
      attempts_left: 3,
    };
    expect(errorOf(new Response(null, { status: meaning.status }), body).code).toBe(meaning.code);
  });
});

describe('the reader of server-sent events', () => {
  it.each(['\n', '\r\n', '\r'])('reads whatever the pieces, with lines that end in %j', (end) => {
    const text = [': hello', '', 'id: 1', 'event: a', 'data: one', 'data:two', '', 'id: 2', '', ''].join(end);
    for (let size = 1; size < text.length; size += 1) {
      const reader = new MessageReader();
      const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
      const messages = [...pieces, end].flatMap((piece) => [...reader.take(piece)]);
      expect(messages).toEqual([
        { id: '1', type: 'a', data: 'one\ntwo' },
        { id: '2', type: 'message', data: '' },
      ]);
    }
  });
});
