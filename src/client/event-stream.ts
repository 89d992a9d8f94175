/** Server-sent events as an async iterator that reconnects after every break and continues where it was. */

import { type Fields, fieldsOf, optionalText, optionalTextMap, text, time } from './answer.js';
import { ServiceUnreachable, UnexpectedAnswer } from './errors.js';
import { isPassing } from './problems.js';
import { pause, type Transport } from './transport.js';

/** What happened to a connection. `id` can be passed as {@link EventsOptions.after}. */
export interface ClientEvent {
  readonly id: string;
  /** `connection.created`, `.updated`, `.needs_reauthorization`, `.deleted`, `connect.completed`, `connect.failed`. */
  readonly type: string;
  /** Epoch ms, to the second. */
  readonly at: number;
  readonly userId: string;
  readonly provider: string;
  readonly account: string;
  readonly connectionId?: string;
  readonly connectId?: string;
  readonly change?: string;
  readonly error?: string;
  /** As given when the connect was created; with `connect.completed` and `connect.failed`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Where to begin and when to end. */
export interface EventsOptions {
  /** The id of the last event that was handled; absent = events from now on. */
  readonly after?: string | undefined;
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** The service sends a sign of life every 15 s; a stream that is silent for this long is dead, ms. */
const silenceMs = 60_000;
const firstPauseMs = 250;
const longestPauseMs = 15_000;

/** Follows the events of the tenant. Ends with its signal, and throws when the credential is refused. */
export async function* followEvents(
  transport: Pick<Transport, 'openEvents'>,
  { after, signal }: EventsOptions,
): AsyncGenerator<ClientEvent, void, void> {
  let lastId = after;
  let pauseMs = firstPauseMs;
  while (!signal?.aborted) {
    try {
      for await (const message of readOnce(transport, lastId, signal)) {
        pauseMs = firstPauseMs;
        if (message.data !== '') yield parseEvent(message);
        lastId = message.id ?? lastId;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!isPassing(error)) throw error;
    }
    await pause(pauseMs * (0.5 + Math.random() / 2), signal).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

/** One connection, from its beginning to its end. However the iteration ends, the connection is closed. */
async function* readOnce(
  transport: Pick<Transport, 'openEvents'>,
  after: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  signal?.addEventListener('abort', leave, { once: true });
  let timer = setTimeout(leave, silenceMs);
  try {
    if (signal?.aborted) leave();
    const reader = new MessageReader();
    const decoder = new TextDecoder();
    const chunks = (await transport.openEvents(after, leaving.signal)).getReader();
    for (let chunk = await next(chunks); !chunk.done; chunk = await next(chunks)) {
      clearTimeout(timer);
      timer = setTimeout(leave, silenceMs);
      yield* reader.take(decoder.decode(chunk.value, { stream: true }));
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
    leave();
  }
}

function next(chunks: ReadableStreamDefaultReader<Uint8Array>) {
  return chunks.read().catch(() => {
    throw new ServiceUnreachable('The event stream broke off.');
  });
}

/** One block of the stream. A block without data only changes the id. */
export interface Message {
  readonly id: string | undefined;
  readonly type: string;
  readonly data: string;
}

/** Cuts text that arrives in pieces into messages (HTML, server-sent events, section 9.2.6). */
export class MessageReader {
  #rest = '';

  /** Takes the next piece and yields the messages that it completes. */
  *take(piece: string): Generator<Message> {
    this.#rest += piece;
    for (;;) {
      const end = /(?:\r\n|\n|\r(?!\n|$)){2}/.exec(this.#rest);
      if (end === null) return;
      const block = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      const message = readBlock(block);
      if (message !== undefined) yield message;
    }
  }
}

function readBlock(block: string): Message | undefined {
  const fields = block.split(/\r\n|\n|\r/).map((line) => {
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    return { name, value };
  });
  const all = (wanted: string) => fields.filter(({ name }) => name === wanted).map(({ value }) => value);
  const message = { id: all('id').at(-1), type: all('event').at(-1) ?? 'message', data: all('data').join('\n') };
  return message.id === undefined && message.data === '' ? undefined : message;
}

function parseEvent({ id, type, data }: Message): ClientEvent {
  const body = bodyOf(data);
  return {
    id: id ?? '',
    type,
    at: time(body, 'at'),
    userId: text(body, 'user'),
    provider: text(body, 'provider'),
    account: text(body, 'account_label'),
    ...present('connectionId', optionalText(body, 'connection_id')),
    ...present('connectId', optionalText(body, 'connect_id')),
    ...present('change', optionalText(body, 'change')),
    ...present('error', optionalText(body, 'error')),
    ...present('metadata', optionalTextMap(body, 'metadata')),
  };
}

const present = (name: string, value: object | string | undefined) => (value === undefined ? {} : { [name]: value });

function bodyOf(data: string): Fields {
  try {
    return fieldsOf(JSON.parse(data));
  } catch {
    throw new UnexpectedAnswer('an event is no JSON object');
  }
}
