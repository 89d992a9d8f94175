/** Stateful authorization and token endpoints for a scripted server: rotation strict, with grace, or none. */

import { createHash, randomUUID } from 'node:crypto';
import type { Answerer, ScriptedRequest, ScriptedServer } from './scripted-server.js';

/** How the endpoints behave. */
export interface ScriptedTokenOptions {
  /** `none`: refresh tokens stay valid. `grace`: an old one works for a while. `strict`: reuse ends the family. */
  readonly rotation?: 'none' | 'grace' | 'strict';
  readonly graceMs?: number;
  /** Seconds; `undefined` leaves `expires_in` out. */
  readonly expiresIn?: number | undefined;
  /** Epoch ms. */
  readonly now?: () => number;
  /** Further fields of every token response. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What the endpoints remember. */
export interface ScriptedTokens {
  /** How many refresh tokens were redeemed, successfully or not. */
  readonly refreshCount: () => number;
  /** Whether the access token would be accepted. */
  isLive(accessToken: string): boolean;
  /** Starts a grant without a browser; answers its first tokens. */
  grant(): { access_token: string; refresh_token: string };
  /** The answerer of `/token`; to be set again after an outage. */
  readonly redeem: Answerer;
  /** Ends the family of a token, as the user would in the provider's settings. */
  end(token: string): void;
}

interface Family {
  live: boolean;
  /** Refresh tokens: when each was replaced, or `undefined` for the current one. */
  readonly refresh: Map<string, number | undefined>;
  access: string;
}

/** Makes `/authorize` approve at once, and `/token` issue, rotate and refuse. */
export function scriptTokens(server: ScriptedServer, options: ScriptedTokenOptions = {}): ScriptedTokens {
  const memory = new TokenMemory(options);
  server.answer('/authorize', (request) => memory.approve(request));
  server.answer('/token', memory.redeem);
  return memory;
}

class TokenMemory implements ScriptedTokens {
  readonly #options: ScriptedTokenOptions;
  readonly #families = new Set<Family>();
  readonly #codes = new Map<string, string | null>();
  #refreshes = 0;

  constructor(options: ScriptedTokenOptions) {
    this.#options = options;
  }

  readonly refreshCount = () => this.#refreshes;

  readonly redeem: Answerer = (request) => {
    const { form } = request;
    return form.get('grant_type') === 'refresh_token'
      ? this.#refresh(form.get('refresh_token') ?? '')
      : this.#redeemCode(form.get('code') ?? '', form.get('code_verifier'));
  };

  approve(request: ScriptedRequest) {
    const code = `code-${randomUUID()}`;
    this.#codes.set(code, request.query.get('code_challenge'));
    const back = new URL(request.query.get('redirect_uri') ?? '');
    back.searchParams.set('code', code);
    back.searchParams.set('state', request.query.get('state') ?? '');
    return { status: 302, headers: { location: back.href } };
  }

  isLive(accessToken: string): boolean {
    return [...this.#families].some((family) => family.live && family.access === accessToken);
  }

  grant(): { access_token: string; refresh_token: string } {
    const family: Family = { live: true, refresh: new Map(), access: '' };
    this.#families.add(family);
    return this.#issue(family);
  }

  end(token: string): void {
    for (const family of this.#families) {
      if (family.access === token || family.refresh.has(token)) family.live = false;
    }
  }

  #issue(family: Family): { access_token: string; refresh_token: string } {
    const current = [...family.refresh].find(([, replacedAt]) => replacedAt === undefined)?.[0];
    const keeps = (this.#options.rotation ?? 'strict') === 'none' && current !== undefined;
    const refreshToken = keeps ? current : `rt-${randomUUID()}`;
    if (current !== undefined && !keeps) family.refresh.set(current, this.#now());
    family.refresh.set(refreshToken, undefined);
    family.access = `at-${randomUUID()}`;
    return { access_token: family.access, refresh_token: refreshToken };
  }

  #redeemCode(code: string, verifier: string | null) {
    const challenge = this.#codes.get(code);
    const answersChallenge = createHash('sha256')
      .update(verifier ?? '')
      .digest('base64url');
    const isKnown = this.#codes.delete(code);
    if (!isKnown || (challenge && challenge !== answersChallenge)) return refused;
    return this.#answer(this.grant());
  }

  #refresh(token: string) {
    this.#refreshes += 1;
    const family = [...this.#families].find((each) => each.refresh.has(token));
    if (!family?.live) return refused;
    const replacedAt = family.refresh.get(token);
    if (replacedAt !== undefined && !this.#withinGrace(replacedAt)) {
      if (this.#options.rotation !== 'grace') family.live = false;
      return refused;
    }
    const { refresh_token, ...issued } = this.#issue(family);
    return this.#answer(this.#options.rotation === 'none' ? issued : { ...issued, refresh_token });
  }

  #withinGrace(replacedAt: number): boolean {
    return this.#options.rotation === 'grace' && this.#now() - replacedAt <= (this.#options.graceMs ?? 60_000);
  }

  #answer(tokens: Record<string, unknown>) {
    const { expiresIn = 3600, extra } = this.#options;
    const lifetime =
      'expiresIn' in this.#options && this.#options.expiresIn === undefined ? {} : { expires_in: expiresIn };
    return { json: { ...tokens, token_type: 'Bearer', scope: 'read', ...lifetime, ...extra } };
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

const refused = { status: 400, json: { error: 'invalid_grant' } };
