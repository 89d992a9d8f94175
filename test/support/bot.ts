/** A chat bot: calls the HTTP API of the service with one API key, with typed answers. */

import { createHash } from 'node:crypto';
import { z } from 'zod';

const text = z.string().optional();
const account = z.looseObject({ id: z.string(), name: text, email: text }).nullish();

/** The fields that the journeys use; all others are kept too. */
const bodySchema = z.looseObject({
  access_token: text,
  expires_at: z.number().nullish(),
  connection_id: text,
  connect_id: text,
  connect_url: text,
  status: z.union([z.string(), z.number()]).optional(),
  error: text,
  code: text,
  who_must_act: text,
  attempts_left: z.number().optional(),
  scopes: z.array(z.string()).optional(),
  account,
});

/** An answer of the API. */
export interface BotAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: z.infer<typeof bodySchema>;
}

/** A connect that the bot has asked for. */
export interface AskedConnect {
  readonly connectId: string;
  readonly connectUrl: string;
}

/** Calls one service. Users and providers are passed unencoded. */
export class Bot {
  readonly #address: string;
  readonly #key: string;

  constructor(address: string, key: string) {
    this.#address = address;
    this.#key = key;
  }

  /** The credential of the calls. */
  get headers(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.#key}` };
  }

  /** Any call. `path` follows `/v1`. */
  async call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<BotAnswer> {
    const response = await fetch(`${this.#address}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: bodySchema.parse(await response.json()) };
  }

  /** Opens the event stream; `signal` ends it. */
  follow(signal: AbortSignal, lastEventId?: string): Promise<Response> {
    const headers = new Headers({ authorization: `Bearer ${this.#key}` });
    if (lastEventId !== undefined) headers.set('last-event-id', lastEventId);
    return fetch(`${this.#address}/v1/events`, { headers, signal });
  }

  /** Asks for a connect link. */
  async connect(user: string, provider: string, wish: object = {}): Promise<AskedConnect> {
    const { status, body } = await this.call('POST', `${pathOf(user)}/connect/${provider}`, wish);
    if (status !== 201) throw new Error(`no connect link: ${status} ${body.code}`);
    return { connectId: body.connect_id ?? '', connectUrl: body.connect_url ?? '' };
  }

  /** Asks for a token; `query` begins with `?`. */
  token(user: string, provider: string, query = ''): Promise<BotAnswer> {
    return this.call('GET', `${pathOf(user)}/tokens/${provider}${query}`);
  }

  /** Reports that the provider's API has refused this access token. */
  reject(user: string, provider: string, accessToken: string): Promise<BotAnswer> {
    const digest = createHash('sha256').update(accessToken).digest('hex');
    return this.call('POST', `${pathOf(user)}/tokens/${provider}/refresh`, { rejected_token_sha256: digest });
  }

  /** Sends the code that the chat user typed. */
  prove(user: string, code: string): Promise<BotAnswer> {
    return this.call('POST', `${pathOf(user)}/proof`, { code });
  }

  connections(user: string): Promise<BotAnswer> {
    return this.call('GET', `${pathOf(user)}/connections`);
  }

  disconnect(user: string, provider: string): Promise<BotAnswer> {
    return this.call('DELETE', `${pathOf(user)}/connections/${provider}`);
  }

  erase(user: string): Promise<BotAnswer> {
    return this.call('DELETE', pathOf(user));
  }

  /** The state of a connect; waits up to so many seconds for a change. */
  progress(connectId: string, waitSeconds = 0): Promise<BotAnswer> {
    return this.call('GET', `/connects/${connectId}?wait=${waitSeconds}`);
  }
}

function pathOf(user: string): string {
  return `/users/${encodeURIComponent(user)}`;
}
