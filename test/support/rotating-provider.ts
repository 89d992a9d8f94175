/** A token endpoint that rotates refresh tokens, notices every reuse, and fails on command; for the fault tests. */

import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderEntry } from '../../providers/index.js';

/** What happens to a refresh: answered; carried out, but the answer is lost; refused without being carried out. */
export type AnswerMode = 'answer' | 'lose' | 'down' | 'invalid_client';

/** How one starts. */
export interface RotatingProviderOptions {
  readonly reuse?: 'none' | 'grace' | 'strict';
  readonly graceMs?: number;
  readonly delayMs?: number;
  /** Seconds; 3600 by default. */
  readonly expiresIn?: number;
}

interface Family {
  live: boolean;
  /** Refresh tokens from the first to the newest, with the time at which each was replaced. */
  readonly issued: Map<string, number | undefined>;
  access: string;
}

/** A refresh token that arrived. */
export interface Sending {
  readonly token: string;
  /** The client id of the request. */
  readonly from: string;
  /** The access token of the answer, unless it was a refusal. */
  readonly accessToken?: string;
  /** Whether it had been replaced before. */
  readonly isReuse: boolean;
}

/** A running one. */
export interface RotatingProvider {
  readonly entry: ProviderEntry;
  /** Tokens of a new grant. */
  grant(): { readonly accessToken: string; readonly refreshToken: string };
  /** What has happened so far. `reuses`: requests with replaced refresh tokens. */
  readonly seen: {
    redemptions: number;
    reuses: number;
    revocations: number;
    readonly startedAt: number[];
    readonly sendings: Sending[];
  };
  setMode(mode: AnswerMode): void;
  setDelay(ms: number): void;
  /** Delays all answers until the returned function is called; the requests are carried out before. */
  hold(): () => void;
  /** The valid refresh token of this token's family; `undefined` if the family was ended. */
  newest(token: string): string | undefined;
  /** The first refresh token of the family that this access or refresh token belongs to; `undefined` = not issued here. */
  firstOf(token: string): string | undefined;
  /** Whether the provider would accept this access token. */
  honours(accessToken: string): boolean;
  /** Ends a family, as a user does in the provider's settings. */
  end(token: string): void;
  close(): Promise<void>;
}

/** Starts on a free port of 127.0.0.1. */
export async function startRotatingProvider(options: RotatingProviderOptions = {}): Promise<RotatingProvider> {
  const { reuse = 'strict', graceMs = 60_000, expiresIn = 3600 } = options;
  const byToken = new Map<string, Family>();
  const seen = { redemptions: 0, reuses: 0, revocations: 0, startedAt: [] as number[], sendings: [] as Sending[] };
  let mode: AnswerMode = 'answer';
  let delayMs = options.delayMs ?? 0;
  let gate: Promise<void> = Promise.resolve();

  const issue = (family: Family): { accessToken: string; refreshToken: string } => {
    const newest = [...family.issued].find(([, replacedAt]) => replacedAt === undefined)?.[0];
    const refreshToken = reuse === 'none' && newest !== undefined ? newest : `rt-${randomUUID()}`;
    if (newest !== undefined && newest !== refreshToken) family.issued.set(newest, Date.now());
    family.issued.set(refreshToken, undefined);
    byToken.set(refreshToken, family);
    family.access = `at-${randomUUID()}`;
    byToken.set(family.access, family);
    return { accessToken: family.access, refreshToken };
  };
  const redeem = (form: URLSearchParams): object | undefined => {
    const token = form.get('refresh_token') ?? '';
    const from = form.get('client_id') ?? '';
    seen.redemptions += 1;
    seen.startedAt.push(performance.now());
    const family = byToken.get(token);
    const replacedAt = family?.issued.get(token);
    if (replacedAt !== undefined) {
      seen.reuses += 1;
      if (family && !(reuse === 'grace' && Date.now() - replacedAt <= graceMs)) family.live = false;
    }
    const isReuse = replacedAt !== undefined;
    if (!family?.live) {
      seen.sendings.push({ token, from, isReuse });
      return undefined;
    }
    const { accessToken, refreshToken } = issue(family);
    seen.sendings.push({ token, from, isReuse, accessToken });
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
      ...(reuse !== 'none' && { refresh_token: refreshToken }),
    };
  };
  const answerToken = async (form: URLSearchParams, response: ServerResponse) => {
    const asked = mode;
    if (asked === 'down') return void response.writeHead(503).end();
    if (asked === 'invalid_client') return send(response, 401, { error: 'invalid_client' });
    const held = gate;
    const answer = redeem(form);
    if (delayMs > 0) await sleep(delayMs);
    await held;
    if (asked === 'lose') return void response.socket?.destroy();
    return answer === undefined ? send(response, 400, { error: 'invalid_grant' }) : send(response, 200, answer);
  };
  const end = (token: string) => {
    const family = byToken.get(token);
    if (family) family.live = false;
  };

  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    if (request.url !== '/revoke') return answerToken(form, response);
    seen.revocations += 1;
    end(form.get('token') ?? '');
    return send(response, 200, {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the provider has no port');
  return {
    entry: entryOf(`http://127.0.0.1:${address.port}`, reuse, graceMs),
    grant: () => issue({ live: true, issued: new Map(), access: '' }),
    seen,
    setMode: (next) => {
      mode = next;
    },
    setDelay: (ms) => {
      delayMs = ms;
    },
    hold: () => {
      let open = () => {};
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return () => open();
    },
    newest: (token) => {
      const family = byToken.get(token);
      if (!family?.live) return undefined;
      return [...family.issued].find(([, replacedAt]) => replacedAt === undefined)?.[0];
    },
    firstOf: (token) => byToken.get(token)?.issued.keys().next().value,
    honours: (accessToken) => byToken.get(accessToken)?.live === true,
    end,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function entryOf(origin: string, reuse: 'none' | 'grace' | 'strict', graceMs: number): ProviderEntry {
  return {
    display_name: 'Rotating',
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    revocation_endpoint: `${origin}/revoke`,
    client_id: 'client',
    client_secret: 'client-secret-of-the-test',
    token_endpoint_auth_method: 'client_secret_post',
    scopes: ['read'],
    refresh_reuse: reuse,
    ...(reuse === 'grace' && { refresh_reuse_grace: graceMs / 1000 }),
    identity: { id: 'sub' },
  };
}
