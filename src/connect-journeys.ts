/** The program's half of connecting: creating, following and proving connects. */

import { BrowserJourneys } from './browser-journeys.js';
import { parseText } from './core/parse-input.js';
import type * as views from './core/views.js';
import { mintConnectLink, startConnect } from './flows/connect-link.js';
import { findConnect } from './flows/connect-progress.js';
import { startDevice } from './flows/device/start-device.js';
import { keepPendingAction, parseResume, takePendingAction } from './flows/pending-actions.js';
import { submitProof, verifyConnect } from './flows/prove-person.js';
import {
  type ConnectOptions,
  type In,
  type ProofOptions,
  parseConnectRequest,
  parseOwnerIn,
  parseProviders,
  parseTenant,
} from './manager-input.js';

/** The part of `OAuthManager` that a bot calls to get a person connected. */
export abstract class ConnectJourneys extends BrowserJourneys {
  /**
   * Creates a one-time connect link for a user. The URL is a bearer secret, to be posted to that person only.
   *
   * @throws {UnknownProvider | InvalidRequest} the error names the option that is not valid
   * @throws {ProviderError | ProviderUnavailable} with method `device`, which asks the provider
   */
  async startConnect(userId: string, provider: string, options: ConnectOptions = {}): Promise<views.StartedConnect> {
    const request = parseConnectRequest(userId, provider, options);
    return request.method === 'device' ? startDevice(this.running(), request) : startConnect(this.running(), request);
  }

  /** As {@link startConnect}, but only the URL. */
  async generateConnectUrl(userId: string, provider: string, options: ConnectOptions = {}): Promise<string> {
    return (await this.startConnect(userId, provider, options)).connectUrl;
  }

  /** As {@link startConnect}, but only the code of the link, for hosts with their own landing page. */
  async createLinkCode(userId: string, provider: string, options: ConnectOptions = {}): Promise<string> {
    const { code } = await mintConnectLink(this.running(), parseConnectRequest(userId, provider, options));
    return code.reveal();
  }

  /** Uses up a link code: of any number of callers exactly one gets its meaning; the others get `undefined`. */
  async resolveLinkCode(code: string): Promise<views.ResolvedLink | undefined> {
    const link = await this.running().store.expiring.take('connect_link', parseText('link', code));
    if (link === undefined) return undefined;
    const { tenant, userId, provider, account, scope } = link.intent;
    return { tenant, userId, provider, account, scope };
  }

  /**
   * The state of a connect; with `waitMs`, answered when it changes or the time is over.
   *
   * @throws {UnknownConnect} no connect of that id in this tenant
   */
  async findConnect(
    connectId: string,
    options: In & { waitMs?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<views.ConnectView> {
    const connect = connectOf(connectId, options);
    const { waitMs, signal } = options;
    return findConnect(this.running(), { ...connect, waitMs, signal });
  }

  /**
   * The chat user typed this code: the proof that the person in the browser is the person in the chat. With `providers` it
   * proves only connects to those, and uses up no others.
   *
   * @throws {CodeRefused} it is not the code of a connect of this user; `attemptsLeft` says how many tries remain
   * @throws {Gone} its connect is over: proven, too old, or out of tries
   * @throws {RateLimited} too many tries by this user
   * @throws {OAuthNotConnected} `account_mismatch`: another account than before, which `accountPolicy` forbids
   */
  async submitProof(userId: string, code: string, options: ProofOptions = {}): Promise<views.ProvenConnect> {
    return submitProof(this.running(), parseOwnerIn(userId, options), {
      code: parseText('code', code),
      providers: parseProviders(options.providers),
    });
  }

  /**
   * Keeps what the program meant to do until the person of this connect is connected; `resume` is JSON of at most 8 KiB,
   * sealed like a token. A later one for the same user, provider and account replaces it.
   *
   * @throws {UnknownConnect | InvalidRequest}
   */
  async keepPendingAction(connectId: string, resume: unknown, options: In = {}): Promise<void> {
    const payload = parseResume(resume);
    return keepPendingAction(this.running(), { ...connectOf(connectId, options), payload });
  }

  /**
   * What to resume now that this connect is completed; `undefined` if there is nothing, or it was replaced, taken or too
   * old. Of any number of replicas exactly one gets it.
   */
  async takePendingAction(connectId: string, options: In = {}): Promise<views.PendingAction | undefined> {
    return takePendingAction(this.running(), connectOf(connectId, options));
  }

  /**
   * The host's own web session tells who is in the browser (proof mode `app_verifier`).
   *
   * @throws {UnknownConnect} no connect of that id in this tenant
   * @throws {Forbidden} the connect needs another proof, or the link was made for somebody else
   * @throws {Gone} nothing of that connect waits for a proof
   * @throws {OAuthNotConnected} as {@link submitProof}
   */
  async verifyConnect(connectId: string, userId: string, options: In = {}): Promise<views.ProvenConnect> {
    return verifyConnect(this.running(), { ...connectOf(connectId, options), ...parseOwnerIn(userId, options) });
  }
}

function connectOf(connectId: string, options: In) {
  return { tenant: parseTenant(options), connectId: parseText('connect_id', connectId) };
}
