/** The journeys as a host calls them in process: each act is written into the audit trail, as the API does for its callers. */

import { type AuditAct, type AuditActor, type AuditEntry, tokenDigestOf } from './core/audit.js';
import { OAuthManagerError, OAuthNotConnected } from './core/errors.js';
import { defaultTenant } from './core/identifiers.js';
import { parseOwner, parseText } from './core/parse-input.js';
import type * as views from './core/views.js';
import type { Erasure } from './flows/disconnect.js';
import { recordAct } from './flows/record-act.js';
import type { Disconnected } from './flows/sibling-connections.js';
import {
  type ConnectOptions,
  type ExchangeOptions,
  type HostTokenInput,
  type In,
  type ProofOptions,
  parseTokenRequest,
  type TokenOptions,
} from './manager-input.js';
import { McpJourneys, type RecordMcpToken } from './mcp-journeys.js';
import { TokenJourneys } from './token-journeys.js';

/** Who is taken for the caller where nobody says who it is. */
const library: AuditActor = { kind: 'caller', id: 'library' };

/** An entry without what came of it. */
type About = Omit<AuditEntry, 'at' | 'act' | 'outcome'>;

/**
 * The journeys with one entry each. What hands out a link is not done without its entry; what has happened is told as
 * it is. A token that is handed out has an entry only with `auditTokens`: it costs a write where there was one read.
 */
export abstract class RecordedJourneys extends TokenJourneys {
  override get mcp(): McpJourneys {
    const record: RecordMcpToken = ({ owner, account }, ask) =>
      this.#issue(() => ({ tenant: owner.tenant, user: owner.userId, account, actor: library }), ask);
    return new McpJourneys(() => this.room().desk, record);
  }

  override getToken(userId: string, provider: string, options: TokenOptions = {}) {
    return this.#issue(
      () => about(userId, provider, options),
      () => super.getToken(userId, provider, options),
    );
  }

  override requireToken(userId: string, provider: string, options: TokenOptions = {}) {
    return this.#issue(
      () => about(userId, provider, options),
      () => super.requireToken(userId, provider, options),
    );
  }

  override async exchangeToken(provider: string, options: ExchangeOptions): Promise<views.AccessToken> {
    // Whose token it is stands in the subject token, which nobody reads here.
    const nobody = () => ({ ...about('exchange', provider, { tenant: options.tenant }), user: undefined });
    return this.#issue(nobody, () => super.exchangeToken(provider, options));
  }

  override async refreshToken(
    userId: string,
    provider: string,
    options: TokenOptions & { readonly rejectedTokenSha256: string },
  ): Promise<views.AccessToken> {
    return this.#issue(
      () => about(userId, provider, options),
      () => super.refreshToken(userId, provider, options),
    );
  }

  override async storeToken(userId: string, token: HostTokenInput, options: In = {}): Promise<void> {
    await super.storeToken(userId, token, options);
    const { provider, account } = token;
    await this.#tell('token.store', about(userId, provider, { ...options, account }));
  }

  override async deleteToken(userId: string, provider: string, options: In & { account?: string } = {}) {
    const done: Disconnected = await super.deleteToken(userId, provider, options);
    await this.#tell('disconnect', { ...about(userId, provider, options), reason: `revoked: ${done.revoked}` });
    return done;
  }

  override async pauseConnection(userId: string, provider: string, options: In & { account?: string } = {}) {
    const isThere = await super.pauseConnection(userId, provider, options);
    if (isThere) await this.#tell('pause', about(userId, provider, options));
    return isThere;
  }

  override async resumeConnection(userId: string, provider: string, options: In & { account?: string } = {}) {
    const isThere = await super.resumeConnection(userId, provider, options);
    if (isThere) await this.#tell('resume', about(userId, provider, options));
    return isThere;
  }

  override async eraseUser(userId: string, options: In = {}): Promise<Erasure> {
    const erasure = await super.eraseUser(userId, options);
    await this.#tell('erase', { ...aboutUser(userId, options), reason: `revoked: ${erasure.revoked}` });
    return erasure;
  }

  override async startConnect(userId: string, provider: string, options: ConnectOptions = {}) {
    const started: views.StartedConnect = await super.startConnect(userId, provider, options);
    await this.#handOut('connect.create', { ...about(userId, provider, place(options)), object: started.connectId });
    return started;
  }

  override async createLinkCode(userId: string, provider: string, options: ConnectOptions = {}): Promise<string> {
    const code = await super.createLinkCode(userId, provider, options);
    await this.#handOut('connect.create', about(userId, provider, place(options)));
    return code;
  }

  override async resolveLinkCode(code: string) {
    const found = await super.resolveLinkCode(code);
    if (found === undefined) {
      const nobody = { tenant: defaultTenant, actor: library, reason: 'gone' };
      await recordAct(this.running(), { act: 'connect.start', ...nobody, outcome: 'refused' });
    } else {
      const { tenant, userId: user, provider, account } = found;
      await this.#tell('connect.start', { tenant, user, provider, account, actor: library });
    }
    return found;
  }

  override async submitProof(userId: string, code: string, options: ProofOptions = {}): Promise<views.ProvenConnect> {
    return this.#prove(aboutUser(userId, options), () => super.submitProof(userId, code, options));
  }

  override async verifyConnect(connectId: string, userId: string, options: In = {}): Promise<views.ProvenConnect> {
    const said = { ...aboutUser(userId, options), object: parseText('connect_id', connectId).slice(0, 256) };
    return this.#prove(said, () => super.verifyConnect(connectId, userId, options));
  }

  override async createAccountLink(userId: string, options: In = {}): Promise<{ url: string; expiresAt: number }> {
    const link = await super.createAccountLink(userId, options);
    await this.#handOut('account_link.create', aboutUser(userId, options));
    return link;
  }

  override async redeemAccountLink(code: string) {
    const redeemed = await super.redeemAccountLink(code);
    const { tenant, userId: user } = redeemed.session;
    await this.#tell('account_link.redeem', { tenant, user, actor: { kind: 'person', id: user } });
    return redeemed;
  }

  /** Tokens, and what comes instead of one. A refusal with a connect link is always written: the link was, too. */
  async #issue<Found extends views.AccessToken | undefined>(
    who: () => About,
    ask: () => Promise<Found>,
  ): Promise<Found> {
    const everything = this.running().settings.auditTokens ?? false;
    let found: Found;
    try {
      found = await ask();
    } catch (error) {
      if (error instanceof OAuthNotConnected) {
        const { provider, connectId: object } = error;
        await this.#refused('token.issue', { ...who(), provider, object }, error);
      } else if (everything) await this.#refused('token.issue', who(), error);
      throw error;
    }
    if (everything) await this.#issued(who(), found);
    return found;
  }

  async #issued(who: About, token: views.AccessToken | undefined): Promise<void> {
    if (token === undefined) {
      await recordAct(this.running(), { act: 'token.issue', ...who, outcome: 'refused', reason: 'not_connected' });
      return;
    }
    const { provider, connectionId: connection_id, accessToken } = token;
    const token_digest = tokenDigestOf(accessToken.reveal());
    await this.#handOut('token.issue', { ...who, provider, connection_id, token_digest });
  }

  async #prove(who: About, prove: () => Promise<views.ProvenConnect>): Promise<views.ProvenConnect> {
    const proven = await prove().catch(async (error: unknown) => {
      await this.#refused('proof', who, error);
      throw error;
    });
    const { provider, connectId: object, connectionId: connection_id } = proven;
    await this.#tell('proof', { ...who, provider, object, connection_id });
    return proven;
  }

  async #refused(act: AuditAct, what: About, error: unknown): Promise<void> {
    const { code, whoMustAct } = error instanceof OAuthManagerError ? error : unknownFault;
    const outcome = whoMustAct === 'user' || whoMustAct === 'caller' ? 'refused' : 'failed';
    await recordAct(this.running(), { act, ...what, outcome, reason: code });
  }

  /** Of what has happened: never throws. */
  #tell(act: AuditAct, what: About): Promise<void> {
    return recordAct(this.running(), { act, ...what, outcome: 'ok' });
  }

  /** Of what is about to be handed out. @throws {StoreUnavailable} then it is not */
  #handOut(act: AuditAct, what: About): Promise<void> {
    return this.recordAct({ act, ...what, outcome: 'ok' });
  }
}

const unknownFault = { code: 'internal', whoMustAct: 'nobody' };

const place = ({ tenant, account }: ConnectOptions) => ({ tenant, account });

function about(userId: string, provider: string, options: TokenOptions): About {
  const { owner, account, usedBy, ...request } = parseTokenRequest(userId, provider, options);
  const actor = usedBy === undefined ? library : { ...library, id: usedBy.caller };
  return { tenant: owner.tenant, user: owner.userId, provider: request.provider, account, actor };
}

function aboutUser(userId: string, options: In): About {
  const { tenant, userId: user } = parseOwner(userId, options.tenant);
  return { tenant, user, actor: library };
}
