import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHttp } from '../../src/protocol/http.js';

/** An HTTP server of bytes: it counts connections and requests, and does with each request what the test says. */
interface ByteServer {
  readonly url: string;
  readonly sockets: Socket[];
  /** Bodies as they arrived, with the number of their connection. */
  readonly received: { readonly connection: number; readonly body: string }[];
  onRequest: (socket: Socket) => void;
}

const answerOf = (headers: string) => `HTTP/1.1 200 OK\r\n${headers}content-length: 2\r\n\r\n{}`;
const answer =
  (headers = '') =>
  (socket: Socket) =>
    void socket.write(answerOf(headers));

let listener: Server;
let server: ByteServer;
let http: ReturnType<typeof createHttp>;

beforeEach(async () => {
  const sockets: Socket[] = [];
  const received: ByteServer['received'] = [];
  listener = createServer((socket) => {
    const connection = sockets.push(socket) - 1;
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      text += bytes;
      const [head = '', body] = text.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      text = '';
      received.push({ connection, body });
      server.onRequest(socket);
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  server = { url: `http://127.0.0.1:${port}/token`, sockets, received, onRequest: answer() };
  http = createHttp({ allowInsecureLoopback: true });
});
afterEach(async () => {
  await http.close();
  for (const socket of server.sockets) socket.destroy();
  await new Promise((resolve) => listener.close(resolve));
});

const post = (body: string) => http.fetch(server.url, { method: 'POST', body });
/** A connection is free again one turn of the event loop after its answer. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const connectionsUsed = () => server.received.map(({ connection }) => connection);
const closed = async (connection: number) => {
  const socket = server.sockets[connection];
  if (socket && !socket.closed) await once(socket, 'close');
};

describe('a kept connection', () => {
  test('carries the next request, and only one at a time', async () => {
    await post('first');
    await turn();
    await post('second');
    await turn();
    expect(connectionsUsed()).toEqual([0, 0]);
    const waiting: Socket[] = [];
    server.onRequest = (socket) => {
      waiting.push(socket);
      // Each is answered only when both are there: on one connection the second would never come.
      if (waiting.length === 2) for (const each of waiting) answer()(each);
    };
    await Promise.all([post('third'), post('fourth')]);
    expect(new Set(connectionsUsed().slice(2)).size).toBe(2);
  });

  test('is closed by us when it was idle, so that it is never used when it is old', async () => {
    await post('first');
    // The server would keep it for ever.
    await closed(0);
    await post('second');
    expect(connectionsUsed()).toEqual([0, 1]);
  });

  test.each(['connection: close\r\n', 'keep-alive: timeout=2\r\n', 'keep-alive: timeout=1, max=100\r\n'])(
    'is not used again when the server says %j (RFC 9112 9.3)',
    async (headers) => {
      server.onRequest = answer(headers);
      await post('first');
      await turn();
      await post('second');
      expect(connectionsUsed()).toEqual([0, 1]);
    },
  );

  test('that the server has closed is not written to: the next request goes out once, on a new one', async () => {
    for (const end of ['end', 'resetAndDestroy'] as const) {
      await post('before');
      await turn();
      const last = server.sockets.length - 1;
      server.sockets[last]?.[end]();
      await closed(last);
      // So that the end of it has been read here; until then a reset fails the request as one that was not sent.
      for (let turns = 0; turns < 2; turns += 1) await turn();
      await post('after');
      await turn();
      expect(connectionsUsed().at(-1)).toBe(last + 1);
    }
    expect(server.received.map(({ body }) => body)).toEqual(['before', 'after', 'before', 'after']);
  });

  test('on which the server speaks unasked gives no answer to the next request', async () => {
    await post('first');
    await turn();
    server.sockets[0]?.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
    await closed(0);
    expect((await post('second')).status).toBe(200);
    expect(connectionsUsed()).toEqual([0, 1]);
  });
});

test.each(['end', 'resetAndDestroy'] as const)(
  'a POST that is swallowed by a kept connection (%s) is lost, and never sent again (threats R23)',
  async (end) => {
    await post('first');
    await turn();
    server.onRequest = (socket) => void socket[end]();
    await expect(post('single-use')).rejects.toMatchObject({ kind: 'connection', sent: 'unknown' });
    server.onRequest = answer();
    await post('another');
    expect(server.received).toEqual([
      { connection: 0, body: 'first' },
      { connection: 0, body: 'single-use' },
      { connection: 1, body: 'another' },
    ]);
  },
);
