/** The browser's half of the manager: what pages show and what their forms do. */

import type { AuditEntry } from './core/audit.js';
import type { Owner, ProviderId } from './core/identifiers.js';
import { parseProviderId, parseText } from './core/parse-input.js';
import type { Secret } from './core/secret.js';
import type { TokenSet } from './core/token-set.js';
import type * as views from './core/views.js';
import * as accountPage from './flows/account-page.js';
import { finishChatLogin, startChatLogin } from './flows/chat-login.js';
import { describeLink } from './flows/connect-link.js';
import type { Dependencies } from './flows/dependencies.js';
import { finishAuthorization } from './flows/finish-authorization.js';
import { describeConnections } from './flows/list-connections.js';
import { authorizeUrlOf, type OwnBrowserHalf, redeemCode } from './flows/own-browser-half.js';
import { setPaused } from './flows/pause-connection.js';
import { describeFinished } from './flows/show-finished.js';
import { startAuthorization } from './flows/start-authorization.js';
import { type In, type InAccount, parseOwnerIn, parseTokenRequest } from './manager-input.js';

/** The part of `OAuthManager` for browser routes, or for a host with a browser half of its own. */
export abstract class BrowserJourneys {
  /** What the journeys need; throws `ManagerLifecycleError` once the manager is closed. */
  protected abstract running(): Dependencies;

  /** Public URL of the browser half, without a slash at the end. */
  get baseUrl(): string {
    return this.running().settings.baseUrl;
  }

  /** What the landing page shows; changes nothing. `undefined` when the link is used up or has expired. */
  async describeLink(provider: string, code: string): Promise<views.LinkView | undefined> {
    return describeLink(this.running(), parseProviderId(provider), parseText('link', code));
  }

  /** Spends the link; the browser gets `browserSecret` as its cookie and goes to `authorizationUrl`. */
  async startAuthorization(provider: string, code: string): Promise<views.StartedAuthorization> {
    return startAuthorization(this.running(), parseProviderId(provider), parseText('link', code));
  }

  /**
   * Takes the authorization response; {@link describeFinished} tells the result. The code is spent by it, so closing the
   * manager waits for it even if the browser has left.
   */
  async finishAuthorization(
    provider: string,
    parameters: URLSearchParams,
    browserSecret: string | undefined,
  ): Promise<void> {
    const deps = this.running();
    const answer = { provider: parseProviderId(provider), parameters, browserSecret };
    const finish = () => finishAuthorization(deps, answer);
    return deps.ending === undefined ? finish() : deps.ending.finish(finish);
  }

  /** Sends the browser that finished to the sign-in of the chat platform (proof `chat_login`). */
  async startChatLogin(provider: string, browserSecret: string): Promise<views.StartedChatLogin> {
    return startChatLogin(this.running(), parseProviderId(provider), browserSecret);
  }

  /**
   * Takes an authorization response if it belongs to a sign-in at the chat platform, and answers whose done page shows the
   * result. `undefined`: the response is one for {@link finishAuthorization}.
   */
  async finishChatLogin(
    provider: string,
    parameters: URLSearchParams,
    browserSecret: string | undefined,
  ): Promise<ProviderId | undefined> {
    return finishChatLogin(this.running(), { provider: parseProviderId(provider), parameters, browserSecret });
  }

  /** What the done page shows to the browser that has finished, and to no other. */
  async describeFinished(provider: string, browserSecret: string): Promise<views.FinishedView | undefined> {
    return describeFinished(this.running(), parseProviderId(provider), browserSecret);
  }

  /** Mints a one-time link to the user's account page. The URL is a bearer secret; `expiresAt` is epoch ms. */
  async createAccountLink(userId: string, options: In = {}): Promise<{ url: string; expiresAt: number }> {
    return accountPage.createAccountLink(this.running(), parseOwnerIn(userId, options));
  }

  /** Whose account page a link opens; changes nothing. */
  async describeAccountLink(code: string): Promise<Owner | undefined> {
    return accountPage.describeAccountLink(this.running(), parseText('link', code));
  }

  /** Uses up an account link and begins a session. */
  async redeemAccountLink(code: string): Promise<{ sessionSecret: Secret; session: views.SessionView }> {
    return accountPage.redeemAccountLink(this.running(), parseText('link', code));
  }

  /** The session of a cookie; looking it up prolongs it. */
  async findSession(sessionSecret: string): Promise<views.SessionView | undefined> {
    return accountPage.findSession(this.running(), sessionSecret);
  }

  /** Ends a session. */
  async endSession(sessionSecret: string): Promise<void> {
    return accountPage.endSession(this.running(), sessionSecret);
  }

  /**
   * Appends to the audit trail what a program around the manager has done: the routes, or a host of its own. What browsers
   * and the service itself do along the way, the manager writes itself.
   *
   * @throws {StoreUnavailable}
   */
  async recordAct(act: Omit<AuditEntry, 'at'>): Promise<void> {
    const { store, now } = this.running();
    await store.audit.append({ at: now(), ...act });
  }

  /** What a user has connected, each with who used its token, newest first. */
  async describeConnections(userId: string, options: In = {}): Promise<readonly views.ConnectionDetails[]> {
    return describeConnections(this.running(), parseOwnerIn(userId, options));
  }

  /**
   * Pauses a connection for its owner: nobody gets its token until {@link resumeConnection} or a new consent, and nothing is
   * lost meanwhile. Idempotent; `false` when there is no such connection.
   */
  async pauseConnection(userId: string, provider: string, options: InAccount = {}): Promise<boolean> {
    return setPaused(this.running(), parseTokenRequest(userId, provider, options), true);
  }

  /** Resumes a paused connection: its token is handed out again. Idempotent; `false` when there is no such connection. */
  async resumeConnection(userId: string, provider: string, options: InAccount = {}): Promise<boolean> {
    return setPaused(this.running(), parseTokenRequest(userId, provider, options), false);
  }

  // For hosts with a browser half of their own

  /**
   * The authorization URL for a state and an S256 code challenge; that, and the verifier behind it, the host makes and keeps.
   * Nothing is asked or stored.
   *
   * @throws {UnknownProvider | InvalidRequest} `state` or `codeChallenge` is missing, `parameters` that cannot be
   */
  getAuthorizeUrl(
    provider: string,
    state: string,
    options: OwnBrowserHalf & { readonly codeChallenge: string },
  ): string {
    return authorizeUrlOf(this.running(), parseProviderId(provider), { ...options, state });
  }

  /**
   * Redeems an authorization code; nothing is stored. The answer can be spread into {@link OAuthManager.storeToken}.
   *
   * @throws {UnknownProvider | InvalidRequest} `code` or `codeVerifier` is missing
   * @throws {GrantRefused | ProviderError | ProviderUnavailable}
   */
  async exchangeCode(
    provider: string,
    code: string,
    options: OwnBrowserHalf & { readonly codeVerifier: string },
  ): Promise<TokenSet> {
    return redeemCode(this.running(), parseProviderId(provider), { ...options, code });
  }
}
