import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConnectionEvent } from '../../src/core/events.js';
import { accountLabelSchema, defaultTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { type ApprovingProvider, startApprovingProvider } from '../support/approving-provider.js';
import { Person } from '../support/person.js';
import { makePlace, type OpenService, openService, type StoreKind, storeKinds } from '../support/service.js';

const user = 'slack:T1:U2';

interface Stage extends OpenService {
  readonly provider: ApprovingProvider;
  /** Where the bot listens: on Redis, another replica than the one that acts. */
  readonly listener: OpenService;
}

async function openStage(kind: StoreKind): Promise<Stage> {
  const provider = await startApprovingProvider();
  onTestFinished(() => provider.close());
  const place = await makePlace(kind);
  const providers = async () => ({ example: provider.entry });
  const service = await openService({ place, providers });
  const { baseUrl } = service;
  const listener = kind === 'redis' ? await openService({ place, providers, baseUrl: () => baseUrl }) : service;
  return { ...service, provider, listener };
}

interface StreamEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** Reads server-sent events; the ones without a type only move the id. */
async function* readEvents(response: Response): AsyncGenerator<StreamEvent> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
      yield { id: field('id'), type: field('event'), data: field('data') };
    }
  }
}

/** Listens from now on, or from after an id. */
async function listen({ listener }: Stage, lastEventId?: string) {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const response = await listener.bot.follow(leaving.signal, lastEventId);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events = readEvents(response);
  const greeting = await events.next();
  const next = async () => {
    for (;;) {
      const { value, done } = await events.next();
      if (done) throw new Error('the stream ended');
      if (value.type !== '') return value;
    }
  };
  return { next, startId: greeting.done ? '' : greeting.value.id, leave: () => leaving.abort() };
}

async function connect({ bot }: Stage): Promise<string> {
  const { connectId, connectUrl } = await bot.connect(user, 'example');
  expect((await bot.prove(user, await new Person().connect(connectUrl))).status).toBe(200);
  return connectId;
}

/** What happened to this connection, however long ago. */
const updated = (connectionId: string, at: number): ConnectionEvent => ({
  type: 'connection.updated',
  at,
  userId: userIdSchema.parse(user),
  provider: providerIdSchema.parse('example'),
  account: accountLabelSchema.parse('default'),
  connectionId,
});

describe.each(storeKinds)('a bot that follows along, on the %s store', (kind) => {
  it('hears by long-poll of each step: the browser came back, the person was proven', async () => {
    const { bot, listener } = await openStage(kind);
    const { connectId, connectUrl } = await bot.connect(user, 'example');
    const first = listener.bot.progress(connectId, 20);
    const code = await new Person().connect(connectUrl);
    expect((await first).body).toMatchObject({ status: 'awaiting_proof', account: { name: 'octo-alice' } });
    const second = listener.bot.progress(connectId, 20);
    await bot.prove(user, code);
    expect((await second).body).toMatchObject({ status: 'connected', account: { name: 'octo-alice' } });
  });

  it('hears events as they happen, and after a break those that it missed, in order', async () => {
    const stage = await openStage(kind);
    const { bot } = stage;
    const stream = await listen(stage);
    const connectId = await connect(stage);
    const created = await stream.next();
    const completed = await stream.next();
    expect([created.type, completed.type]).toEqual(['connection.created', 'connect.completed']);
    expect(JSON.parse(completed.data)).toMatchObject({ user, provider: 'example', connect_id: connectId });
    stream.leave();
    await bot.disconnect(user, 'example');
    const resumed = await listen(stage, created.id);
    expect(await resumed.next()).toEqual(completed);
    expect((await resumed.next()).type).toBe('connection.deleted');
  });

  it('hears of every event, once and in order, after an hour away in which 1,200 happened', async () => {
    const stage = await openStage(kind);
    const { store, clock } = stage;
    const before = await listen(stage);
    await connect(stage);
    const last = await before.next();
    expect((await before.next()).type).toBe('connect.completed');
    before.leave();
    // Several at a time, as several replicas write them; ids tell their order.
    const ids: string[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      clock.advance(60_000);
      const names = Array.from({ length: 20 }, (_, index) => `co_${minute}_${index}`);
      const at = clock.now();
      ids.push(...(await Promise.all(names.map((name) => store.events.append(defaultTenant, updated(name, at))))));
    }
    const back = await listen(stage, last.id);
    const heard: StreamEvent[] = [];
    while (heard.length < 1_201) heard.push(await back.next());
    expect(heard[0]?.type).toBe('connect.completed');
    expect(heard.slice(1).map(({ id }) => id)).toEqual(ids);
    expect(new Set(heard.map(({ data }) => data)).size).toBe(1_201);
    await stage.bot.disconnect(user, 'example');
    expect((await back.next()).type).toBe('connection.deleted');
  });
});
