/**
 * The journeys as a host calls them in process: each act is written into the audit trail, as the API does for its callers.
 */

import type { AuditAct, AuditActor } from './core/audit.js';
import { defaultTenant } from './core/identifiers.js';
import { parseText } from './core/parse-input.js';
import type * as views from './core/views.js';
import type { Dependencies } from './flows/dependencies.js';
import type { Erasure } from './flows/disconnect.js';
import {
  type About,
  recordAct,
  recordHandingOut,
  recordIssued,
  recordNotIssued,
  refusalOf,
} from './flows/record-act.js';
import { rejecting } from './flows/rejecting.js';
import type { Disconnected } from './flows/sibling-connections.js';
import { UnderWay } from './flows/under-way.js';
import type { HostTokenAnswer, HostTokenInput } from './host-token.js';
import {
  type ConnectOptions,
  type ExchangeOptions,
  type In,
  type InAccount,
  type ProofOptions,
  parseOwnerIn,
  parseTokenRequest,
  type RefreshOptions,
  type TokenOptions,
} from './manager-input.js';
import { McpJourneys, type RecordMcpToken } from './mcp-journeys.js';
import { TokenJourneys } from './token-journeys.js';

/** The caller in the audit trail if none is named. */
const library: AuditActor = { kind: 'caller', id: 'library' };

/**
 * The journeys, each with one audit entry. A link is not handed out without its entry; an act that is already done is
 * reported whether its entry could be written or not. A handed out token has an entry only with `auditTokens`, as it costs a
 * write where there is one read.
 */
export abstract class RecordedJourneys extends TokenJourneys {
  readonly #underWay = new UnderWay();

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
    // The subject token says whose token it is, and is not read here.
    const nobody = () => ({ ...about('exchange', provider, { tenant: options?.tenant }), user: undefined });
    return this.#issue(nobody, () => super.exchangeToken(provider, options));
  }

  override async refreshToken(userId: string, provider: string, options: RefreshOptions): Promise<views.AccessToken> {
    return this.#issue(
      () => about(userId, provider, options),
      () => super.refreshToken(userId, provider, options),
    );
  }

  override async storeToken(userId: string, token: HostTokenInput | HostTokenAnswer, options: In = {}): Promise<void> {
    return this.#tell(
      'token.store',
      () => super.storeToken(userId, token, options),
      () => about(userId, token.provider, { ...options, account: token.account }),
    );
  }

  override async deleteToken(userId: string, provider: string, options: InAccount = {}) {
    return this.#tell(
      'disconnect',
      (): Promise<Disconnected> => super.deleteToken(userId, provider, options),
      ({ revoked }) => ({ ...about(userId, provider, options), reason: `revoked: ${revoked}` }),
    );
  }

  override async pauseConnection(userId: string, provider: string, options: InAccount = {}) {
    return this.#tell(
      'pause',
      () => super.pauseConnection(userId, provider, options),
      (isThere) => isThere && about(userId, provider, options),
    );
  }

  override async resumeConnection(userId: string, provider: string, options: InAccount = {}) {
    return this.#tell(
      'resume',
      () => super.resumeConnection(userId, provider, options),
      (isThere) => isThere && about(userId, provider, options),
    );
  }

  override async eraseUser(userId: string, options: In = {}): Promise<Erasure> {
    return this.#tell(
      'erase',
      () => super.eraseUser(userId, options),
      ({ revoked }) => ({ ...aboutUser(userId, options), reason: `revoked: ${revoked}` }),
    );
  }

  override async startConnect(userId: string, provider: string, options: ConnectOptions = {}) {
    return this.#handOut(
      'connect.create',
      (): Promise<views.StartedConnect> => super.startConnect(userId, provider, options),
      ({ connectId: object }) => ({ ...about(userId, provider, place(options)), object }),
    );
  }

  override async createLinkCode(userId: string, provider: string, options: ConnectOptions = {}): Promise<string> {
    return this.#handOut(
      'connect.create',
      () => super.createLinkCode(userId, provider, options),
      () => about(userId, provider, place(options)),
    );
  }

  override async createAccountLink(userId: string, options: In = {}): Promise<{ url: string; expiresAt: number }> {
    return this.#handOut(
      'account_link.create',
      () => super.createAccountLink(userId, options),
      () => aboutUser(userId, options),
    );
  }

  override async redeemAccountLink(code: string) {
    return this.#tell(
      'account_link.redeem',
      () => super.redeemAccountLink(code),
      ({ session: { tenant, userId: user } }) => ({ tenant, user, actor: { kind: 'person', id: user } }),
    );
  }

  override async resolveLinkCode(code: string) {
    return this.#finish(async (deps) => {
      const found = await super.resolveLinkCode(code);
      const { tenant = defaultTenant, userId: user, provider, account } = found ?? {};
      const came = found ? ({ outcome: 'ok' } as const) : ({ outcome: 'refused', reason: 'gone' } as const);
      await recordAct(deps, { act: 'connect.start', tenant, user, provider, account, actor: library, ...came });
      return found;
    });
  }

  override async submitProof(userId: string, code: string, options: ProofOptions = {}): Promise<views.ProvenConnect> {
    return this.#prove(aboutUser(userId, options), () => super.submitProof(userId, code, options));
  }

  override async verifyConnect(connectId: string, userId: string, options: In = {}): Promise<views.ProvenConnect> {
    const said = { ...aboutUser(userId, options), object: parseText('connect_id', connectId).slice(0, 256) };
    return this.#prove(said, () => super.verifyConnect(connectId, userId, options));
  }

  /** Resolves when every call has its answer and its entry, whether it failed or not. */
  protected finished(): Promise<void> {
    return this.#underWay.ended();
  }

  /** Does work that closing the manager waits for. */
  async #finish<Done>(work: (deps: Dependencies) => Promise<Done>): Promise<Done> {
    const deps = this.running();
    this.#underWay.begin();
    return this.#underWay.until(() => work(deps));
  }

  /** Tokens, and what replaces one. Not through {@link #finish}: one more promise takes 0.25 of the 5 µs of a warm read. */
  #issue<Found extends views.AccessToken | undefined>(who: () => About, ask: () => Promise<Found>): Promise<Found> {
    return rejecting(() => {
      const deps = this.running();
      this.#underWay.begin();
      return rejecting(ask).then(
        (found) => {
          if (deps.settings.auditTokens === true)
            return this.#underWay.until(() => recordIssued(deps, who(), found).then(() => found));
          this.#underWay.end();
          return found;
        },
        (error) =>
          this.#underWay.until(async () => {
            await recordNotIssued(deps, who, error);
            throw error;
          }),
      );
    });
  }

  #prove(who: About, prove: () => Promise<views.ProvenConnect>): Promise<views.ProvenConnect> {
    return this.#finish(async (deps) => {
      const proven = await prove().catch(async (error: unknown) => {
        await recordAct(deps, refusalOf('proof', who, error));
        throw error;
      });
      const { provider, connectId: object, connectionId: connection_id } = proven;
      await recordAct(deps, { act: 'proof', ...who, provider, object, connection_id, outcome: 'ok' });
      return proven;
    });
  }

  /** Records what has happened; never throws by itself. @param what nothing = there was nothing to do */
  #tell<Done>(act: AuditAct, work: () => Promise<Done>, what: (done: Done) => About | false): Promise<Done> {
    return this.#finish(async (deps) => {
      const done = await work();
      const entry = what(done);
      if (entry) await recordAct(deps, { act, ...entry, outcome: 'ok' });
      return done;
    });
  }

  /** Records what is about to be handed out. @throws {StoreUnavailable} then it must not be */
  #handOut<Done>(act: AuditAct, work: () => Promise<Done>, what: (done: Done) => About): Promise<Done> {
    return this.#finish(async (deps) => {
      const done = await work();
      await recordHandingOut(deps, { act, ...what(done) });
      return done;
    });
  }
}

const place = ({ tenant, account }: ConnectOptions) => ({ tenant, account });

function about(userId: string, provider: string, options: TokenOptions): About {
  const { owner, account, usedBy, ...request } = parseTokenRequest(userId, provider, options);
  const actor = usedBy === undefined ? library : { ...library, id: usedBy.caller };
  return { tenant: owner.tenant, user: owner.userId, provider: request.provider, account, actor };
}

function aboutUser(userId: string, options: In): About {
  const { tenant, userId: user } = parseOwnerIn(userId, options);
  return { tenant, user, actor: library };
}
