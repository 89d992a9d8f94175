/**
 * The background worker that ends grants nobody has proven in time, and finishes the removals of processes that died. Any
 * number of processes may run it at once.
 */

import type { Dependencies } from './dependencies.js';
import { endGrant } from './end-grant.js';
import { finishRevocation } from './finish-revocation.js';
import { createGrantList, type ListedGrant, unlistGrant } from './listed-grants.js';
import { createRevocationList } from './open-revocations.js';
import { Rounds } from './rounds.js';

const pauseMs = 2_000;

/** Looks until stopped. */
export class GrantJanitor {
  readonly #deps: Dependencies;
  readonly #listed: ReturnType<typeof createGrantList>;
  readonly #revocations: ReturnType<typeof createRevocationList>;
  readonly #rounds: Rounds;

  constructor(deps: Dependencies) {
    this.#deps = deps;
    this.#listed = createGrantList(deps);
    this.#revocations = createRevocationList(deps);
    const worker = { name: 'unproven grants', log: deps.log };
    this.#rounds = new Rounds(worker, () => this.round().then(() => pauseMs));
  }

  /** Begins; a second call changes nothing. */
  start(): void {
    this.#rounds.start();
  }

  /** Begins no round any more; resolves when the one under way is finished. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** One look at all that wait. One that cannot be ended now holds up no other. */
  async round(): Promise<void> {
    const listed = await this.#listed.read();
    const over = listed.filter(({ endsAt }) => endsAt <= this.#deps.now());
    const open = [...(await this.#revocations.read())];
    const finishes = open.map((revocation) => finishRevocation(this.#deps, revocation));
    const ends = await Promise.allSettled([...over.map((grant) => this.#end(grant)), ...finishes]);
    const failed = ends.filter(({ status }) => status === 'rejected').length;
    if (failed > 0) this.#deps.log.warn({ failed }, 'grants are ended later');
  }

  async #end({ owner, connectId }: ListedGrant): Promise<void> {
    const { awaiting, unreadable } = await this.#deps.store.connections.list(owner);
    const grant = awaiting.find((each) => each.connectId === connectId);
    if (grant !== undefined) await endGrant(this.#deps, grant, 'expired');
    else if (unreadable.length === 0) await unlistGrant(this.#deps, connectId);
  }
}
