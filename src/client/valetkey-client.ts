/** The guard over HTTP: what `OAuthManager` offers a bot, for a bot on another machine. */

import { InvalidRequest, OAuthNotConnected } from '../core/errors.js';
import type { Secret } from '../core/secret.js';
import type { StartedConnect } from '../core/views.js';
import { queryOf, segmentOf, tokenPath, userPath } from './addresses.js';
import { type ClientEvent, type EventsOptions, followEvents } from './event-stream.js';
import { objectOf, purposeIn, scopesIn, textOf } from './input.js';
import { isPassing } from './problems.js';
import { pause, Transport, type TransportOptions } from './transport.js';
import {
  type ClientConnect,
  type ClientConnection,
  type ClientDisconnected,
  type ClientProvenConnect,
  type ClientToken,
  readAccountLink,
  readConnect,
  readConnections,
  readDisconnected,
  readProvenConnect,
  readStartedConnect,
  readToken,
} from './views.js';

/** The options of a {@link ValetkeyClient}. */
export type ValetkeyClientOptions = TransportOptions;

/** Which token is wanted. `scopes` must have been granted; `minTtlSeconds` is how long the token must still live. */
export interface ClientTokenOptions {
  readonly account?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly minTtlSeconds?: number | undefined;
  /** What the token is for: printable ASCII, at most 200 characters; shown to the person. */
  readonly purpose?: string | undefined;
  /** Only for providers that exchange tokens: the token on whose behalf another one is wanted. */
  readonly subjectToken?: string | Secret | undefined;
}

/** What to exchange. `resource` must be the configured one, if it is given. */
export interface ClientExchangeOptions {
  readonly subjectToken: string | Secret;
  readonly scopes?: readonly string[] | undefined;
  readonly resource?: string | undefined;
}

/** On whose behalf a tool handler works, and what the token must allow. */
export interface ClientTokenContext extends ClientTokenOptions {
  readonly userId: string;
}

/** What a connect link is made for. `parameters` are the provider's own (shop, subdomain, …). */
export interface ClientConnectOptions {
  readonly scopes?: readonly string[] | undefined;
  readonly account?: string | undefined;
  readonly returnTo?: string | undefined;
  /** `subject`: the immutable id on that platform, for proof `chat_login` if it does not follow from the user id. */
  readonly chatIdentity?:
    | { readonly platform: string; readonly name: string; readonly subject?: string | undefined }
    | undefined;
  readonly proof?: 'chat_code' | 'app_verifier' | 'chat_login' | 'none' | undefined;
  /** `device`: the person types a code on another device (RFC 8628); see `device` of the answer. */
  readonly method?: 'browser' | 'device' | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/** The service's own limit on one long-poll is 30 s; proxies often give up at 30, too. */
const pollSeconds = 25;

/**
 * Calls one Valetkey service. All methods reject with the errors of the library, or with `ServiceUnreachable` and
 * `UnexpectedAnswer`. A GET that fails for a passing reason is repeated; other requests are not.
 */
export class ValetkeyClient {
  readonly #transport: Transport;

  /** @throws {InvalidRequest} the URL or the key is not valid */
  constructor(options: ValetkeyClientOptions) {
    this.#transport = new Transport(options);
  }

  /**
   * Gets the user's access token, refreshed if needed.
   *
   * @returns the bare access token, to be sent as `Authorization: Bearer`
   * @throws {OAuthNotConnected} the person has to open `connectUrl` first; `reason` says why
   */
  async requireOAuthToken(context: ClientTokenContext, provider: string): Promise<string> {
    const { userId } = objectOf('context', context);
    return (await this.requireToken(userId, provider, context)).accessToken.reveal();
  }

  /** As {@link requireOAuthToken}, with what is known about the token. */
  async requireToken(userId: string, provider: string, options: ClientTokenOptions = {}): Promise<ClientToken> {
    const { account, minTtlSeconds, scopes, purpose, subjectToken } = objectOf('options', options);
    if (subjectToken !== undefined) {
      if (minTtlSeconds !== undefined) throw new InvalidRequest('minTtlSeconds', 'cannot be asked of an exchange');
      return this.exchangeToken(provider, { subjectToken, scopes });
    }
    const query = queryOf({ account, min_ttl: minTtlSeconds, scopes: scopesIn(scopes) });
    const path = `${tokenPath(userId, provider)}${query}`;
    return readToken(await this.#transport.call({ method: 'GET', path, headers: purposeIn(purpose) }));
  }

  /**
   * A token in exchange for another one (source `token_exchange`).
   *
   * @throws {InvalidRequest | Forbidden} the subject token, scope or resource is not one that may be exchanged
   */
  async exchangeToken(provider: string, options: ClientExchangeOptions): Promise<ClientToken> {
    const { subjectToken, scopes, resource } = objectOf('options', options);
    const body = { subject_token: textOf('subject_token', subjectToken), scopes, resource };
    const path = `/exchange/${segmentOf('provider', provider)}`;
    return readToken(await this.#transport.call({ method: 'POST', path, body }));
  }

  /** A valid token, refreshed if needed; `undefined` when the person has to connect first. */
  async getToken(userId: string, provider: string, options: ClientTokenOptions = {}): Promise<ClientToken | undefined> {
    return this.requireToken(userId, provider, options).catch((error: unknown) => {
      if (error instanceof OAuthNotConnected) return undefined;
      throw error;
    });
  }

  /** The provider has refused this access token: refreshes once, if it is still the stored one. */
  async refreshToken(
    userId: string,
    provider: string,
    options: { readonly rejectedToken: string | Secret; readonly account?: string | undefined },
  ): Promise<ClientToken> {
    const { rejectedToken, account } = objectOf('options', options);
    const path = `${tokenPath(userId, provider)}/refresh${queryOf({ account })}`;
    const body = { rejected_token_sha256: await sha256(textOf('rejected_token', rejectedToken)) };
    return readToken(await this.#transport.call({ method: 'POST', path, body }));
  }

  /**
   * Creates a one-time connect link for a user. The URL is a bearer secret, to be posted to that person only; with method
   * `device` it is the provider's own, and the person enters `device.userCode` there.
   */
  async startConnect(userId: string, provider: string, options: ClientConnectOptions = {}): Promise<StartedConnect> {
    const { returnTo, chatIdentity, ...rest } = objectOf('options', options);
    const body = { ...rest, return_to: returnTo, chat_identity: chatIdentity };
    const path = `${userPath(userId)}/connect/${segmentOf('provider', provider)}`;
    return readStartedConnect(await this.#transport.call({ method: 'POST', path, body }));
  }

  /** The state of a connect; with `waitSeconds` (0-30), answered when it changes or the time is over. */
  async findConnect(
    connectId: string,
    options: { readonly waitSeconds?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ClientConnect> {
    const { waitSeconds = 0, signal } = objectOf('options', options);
    const path = `/connects/${segmentOf('connectId', connectId)}${queryOf({ wait: waitSeconds || undefined })}`;
    return readConnect(await this.#transport.call({ method: 'GET', path, waitMs: waitSeconds * 1000, signal }));
  }

  /**
   * Waits until the person has finished, or the link, code or patience is over. Lost connections in between are no problem.
   *
   * @returns how it ended: `connected`, `failed` or `expired`; after `timeoutMs` (15 minutes by default) its state by
   *   then
   */
  async waitForConnect(
    connectId: string,
    options: { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ClientConnect> {
    const { timeoutMs = 900_000, signal } = objectOf('options', options);
    const end = performance.now() + timeoutMs;
    for (let before: string | undefined; ; ) {
      const left = Math.max(0, end - performance.now());
      const askedAt = performance.now();
      const waitSeconds = Math.min(pollSeconds, Math.ceil(left / 1000));
      const view = await this.#poll(connectId, { waitSeconds, signal }, left);
      const isOpen = view === undefined || view.status === 'pending' || view.status === 'awaiting_proof';
      if (view !== undefined && (!isOpen || performance.now() >= end)) return view;
      // A service that is stopping, or down, answers at once.
      if (view?.status === before && performance.now() - askedAt < 500) await pause(Math.min(500, left), signal);
      before = view?.status;
    }
  }

  /** The chat user typed this code. It is sent only once, as the attempt may be used up. */
  async submitProof(userId: string, code: string): Promise<ClientProvenConnect> {
    const call = { method: 'POST', path: `${userPath(userId)}/proof`, body: { code } } as const;
    return readProvenConnect(await this.#transport.call(call));
  }

  /** What a user has connected. */
  async listUserConnections(userId: string): Promise<readonly ClientConnection[]> {
    return readConnections(await this.#transport.call({ method: 'GET', path: `${userPath(userId)}/connections` }));
  }

  /**
   * Disconnects: certainly forgets the tokens, and revokes them as far as the provider can. May be repeated.
   *
   * @returns whether it was revoked, and which other connections (ids) the provider has ended with it
   */
  async deleteToken(
    userId: string,
    provider: string,
    options: { readonly account?: string | undefined } = {},
  ): Promise<ClientDisconnected> {
    const { account } = objectOf('options', options);
    const path = `${userPath(userId)}/connections/${segmentOf('provider', provider)}${queryOf({ account })}`;
    return readDisconnected(await this.#transport.call({ method: 'DELETE', path }));
  }

  /** A one-time link to the person's account page; a bearer secret. */
  async createAccountLink(userId: string): Promise<{ url: string; expiresAt: number }> {
    const call = { method: 'POST', path: `${userPath(userId)}/account-link` } as const;
    return readAccountLink(await this.#transport.call(call));
  }

  /**
   * Events of the tenant's connections, as they happen. After every break it reconnects and continues where it was. It ends
   * with the signal or by leaving the loop, and throws when the credential is refused.
   */
  events(options: EventsOptions = {}): AsyncGenerator<ClientEvent, void, void> {
    return followEvents(this.#transport, options);
  }

  /** `undefined` when the service is down and there is time left to ask again. */
  async #poll(
    connectId: string,
    how: { waitSeconds: number; signal: AbortSignal | undefined },
    leftMs: number,
  ): Promise<ClientConnect | undefined> {
    try {
      return await this.findConnect(connectId, how);
    } catch (error) {
      if (how.signal?.aborted || leftMs === 0 || !isPassing(error)) throw error;
      return undefined;
    }
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
