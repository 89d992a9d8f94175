/** The event stream and the long poll over a real connection: what they tell, to whom, and when they end. */

import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import type { ConnectionEvent } from '../../src/core/events.js';
import { accountLabelSchema, providerIdSchema, tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { createApiKey, revokeApiKey } from '../../src/service/api-keys.js';
import { type ApiUnderTest, bearer, buildApi, keys } from './api-app.js';

const tenant = tenantIdSchema.parse('default');
const about = {
  at: 1_790_000_000_999,
  userId: userIdSchema.parse('u/1'),
  provider: providerIdSchema.parse('github'),
  account: accountLabelSchema.parse('default'),
};
const created = (connectionId: string): ConnectionEvent => ({ type: 'connection.created', connectionId, ...about });

let api: ApiUnderTest;
let url: string;
let open: Stream[];

beforeEach(async () => {
  api = await buildApi({ plugin: { heartbeatMs: 60 } });
  url = await api.app.listen({ port: 0, host: '127.0.0.1' });
  open = [];
});

afterEach(async () => {
  for (const stream of open) stream.leave();
  await api.close();
});

/** One subscriber: everything that it was sent, and whether its stream is over. */
class Stream {
  text = '';
  ended = false;
  readonly response: IncomingMessage;
  readonly #request: ClientRequest;

  constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.text += chunk;
    });
    const over = () => {
      this.ended = true;
    };
    response.on('end', over).on('error', over);
  }

  /** The events so far, without comments and the opening. */
  get events(): string[] {
    return this.text.split('\n\n').filter((block) => block.includes('data: '));
  }

  leave(): void {
    this.#request.destroy();
  }
}

function subscribe(headers: Record<string, string> = {}, key: string = keys.bot): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/v1/events`, { headers: { ...bearer(key), ...headers } }, (response) => {
      const stream = new Stream(request, response);
      open.push(stream);
      resolve(stream);
    });
    request.on('error', reject);
  });
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 10 });
const started = (stream: Stream) => until(() => expect(stream.text).toContain('id: '));

describe('GET /v1/events', () => {
  it('tells what happens from now on, each event with id, type and data', async () => {
    await api.store.events.append(tenant, created('before'));
    const stream = await subscribe();
    expect(stream.response.statusCode).toBe(200);
    expect(stream.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    await started(stream);
    const id = await api.store.events.append(tenant, created('co_1'));
    await until(() => expect(stream.events).toHaveLength(1));
    const [event = ''] = stream.events;
    const [idLine, typeLine, dataLine = ''] = event.split('\n').filter((line) => !line.startsWith(':'));
    expect([idLine, typeLine]).toEqual([`id: ${id}`, 'event: connection.created']);
    expect(JSON.parse(dataLine.slice('data: '.length))).toEqual({
      type: 'connection.created',
      at: 1_790_000_000,
      user: 'u/1',
      provider: 'github',
      account_label: 'default',
      connection_id: 'co_1',
    });
  });

  it('resumes after Last-Event-ID and misses nothing', async () => {
    const ids: string[] = [];
    for (const name of ['one', 'two', 'three']) ids.push(await api.store.events.append(tenant, created(name)));
    const stream = await subscribe({ 'last-event-id': ids[0] ?? '' });
    await until(() => expect(stream.events).toHaveLength(2));
    expect(stream.text).not.toContain('"one"');
    expect(stream.text.indexOf('"two"')).toBeLessThan(stream.text.indexOf('"three"'));
  });

  it('tells the six types of the contract and not what only wakes long-polls', async () => {
    const stream = await subscribe();
    await started(stream);
    const events: ConnectionEvent[] = [
      { type: 'connect.progressed', connectId: 'cn', ...about },
      created('co'),
      { type: 'connection.updated', connectionId: 'co', change: 'refreshed', ...about },
      { type: 'connection.needs_reauthorization', connectionId: 'co', error: 'invalid_grant', ...about },
      { type: 'connection.deleted', connectionId: 'co', ...about },
      { type: 'connect.completed', connectId: 'cn', connectionId: 'co', ...about },
      { type: 'connect.failed', connectId: 'cn', error: 'access_denied', ...about },
    ];
    for (const event of events) await api.store.events.append(tenant, event);
    await until(() => expect(stream.events).toHaveLength(6));
    expect(stream.text).not.toContain('progressed');
  });

  it('tells a tenant nothing of another, and a limited key nothing of other providers', async () => {
    const request = { owner: 'team', role: 'bot' as const, tenant, providers: [providerIdSchema.parse('slack')] };
    const { key } = await createApiKey(api.store.documents, request, Date.now());
    const [own, foreign, limited] = [
      await subscribe(),
      await subscribe({}, keys.foreign),
      await subscribe({}, key.reveal()),
    ];
    for (const stream of [own, foreign, limited]) await started(stream);
    await api.store.events.append(tenant, created('co_1'));
    await api.store.events.append(tenant, { ...created('co_2'), provider: providerIdSchema.parse('slack') });
    await until(() => expect(own.events).toHaveLength(2));
    await until(() => expect(limited.events).toHaveLength(1));
    expect(limited.text).toContain('co_2');
    expect(foreign.events).toEqual([]);
  });

  it('says that it is still there while nothing happens', async () => {
    const stream = await subscribe();
    await until(() => expect(stream.text.match(/^: still here$/gm)?.length).toBeGreaterThan(1));
  });

  it('ends soon after the key is revoked', async () => {
    const { key, view } = await createApiKey(
      api.store.documents,
      { owner: 'team', role: 'viewer', tenant },
      Date.now(),
    );
    const stream = await subscribe({}, key.reveal());
    await started(stream);
    await revokeApiKey(api.store.documents, view.id, Date.now());
    await until(() => expect(stream.ended).toBe(true));
  });

  it('ends when the server closes, which does not wait for it', async () => {
    const stream = await subscribe();
    await started(stream);
    await api.app.close();
    await until(() => expect(stream.ended).toBe(true));
  });

  it('ends its wait when the client leaves', async () => {
    await api.close();
    // So long that no heartbeat can be what ends the wait.
    api = await buildApi({ plugin: { heartbeatMs: 600_000 } });
    url = await api.app.listen({ port: 0, host: '127.0.0.1' });
    const waits: AbortSignal[] = [];
    const wait = api.store.events.wait.bind(api.store.events);
    vi.spyOn(api.store.events, 'wait').mockImplementation((of, after, signal) => {
      waits.push(signal);
      return wait(of, after, signal);
    });
    const stream = await subscribe();
    await until(() => expect(waits).toHaveLength(1));
    expect(waits[0]?.aborted).toBe(false);
    stream.leave();
    await until(() => expect(waits[0]?.aborted).toBe(true));
  });

  it('is a problem, not a stream, while the store is down; and ends when it goes down later', async () => {
    const read = vi.spyOn(api.store.events, 'read').mockRejectedValueOnce(new StoreUnavailable('down'));
    const ended = await subscribe();
    await until(() => expect(ended.ended).toBe(true));
    read.mockRestore();
    vi.spyOn(api.store.events, 'newest').mockRejectedValue(new StoreUnavailable('down'));
    const { response } = await subscribe();
    expect([response.statusCode, response.headers['content-type']]).toEqual([503, 'application/problem+json']);
  });

  it('takes an empty id for none: some programs send it before their first event', async () => {
    const id = await api.store.events.append(tenant, created('before'));
    const stream = await subscribe({ 'last-event-id': '' });
    await until(() => expect(stream.text).toContain(`id: ${id}\n\n`));
  });

  it('refuses an id that it cannot have given', async () => {
    const response = await api.app.inject({
      url: '/v1/events',
      headers: { ...bearer(keys.bot), 'last-event-id': 'x y' },
    });
    expect([response.statusCode, response.json().field]).toEqual([400, 'last-event-id']);
  });
});

describe('GET /v1/connects/{id}?wait=', () => {
  it('is answered when the server closes, and its wait ends when the client leaves', async () => {
    const { connectId } = await api.manager.startConnect('w1', 'github');
    const signals: (AbortSignal | undefined)[] = [];
    const findConnect = api.manager.findConnect.bind(api.manager);
    vi.spyOn(api.manager, 'findConnect').mockImplementation((id, options) => {
      signals.push(options?.signal);
      return findConnect(id, options);
    });
    const address = `${url}/v1/connects/${connectId}?wait=30`;
    const leaving = get(address, { headers: bearer(keys.bot) }).on('error', () => {});
    await until(() => expect(signals).toHaveLength(1));
    leaving.destroy();
    await until(() => expect(signals[0]?.aborted).toBe(true));

    const staying = new Promise<number | undefined>((resolve, reject) => {
      get(address, { headers: bearer(keys.bot) }, (response) => resolve(response.resume().statusCode)).on(
        'error',
        reject,
      );
    });
    await until(() => expect(signals).toHaveLength(2));
    await api.app.close();
    expect(await staying).toBe(200);
  });
});

describe('user ids that a client library would change', () => {
  it('reads `..` in escapes as a user id, not as a way up', async () => {
    const spy = vi.spyOn(api.manager, 'listUserConnections');
    const { hostname, port } = new URL(url);
    const options = { hostname, port, path: '/v1/users/%2E%2E/connections', headers: bearer(keys.bot) };
    const status = await new Promise((resolve, reject) => {
      get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
    expect([status, spy.mock.calls[0]?.[0]]).toEqual([200, '..']);
  });
});
