/** The background worker over device authorizations. Any number of processes may run it at once. */

import type { Dependencies } from '../dependencies.js';
import { Rounds } from '../rounds.js';
import { createDeviceList } from './device-record.js';
import { isDue, pollDevice } from './poll-device.js';

const pauseMs = 1_000;

/** Polls what is due until stopped. */
export class DeviceWorker {
  readonly #deps: Dependencies;
  readonly #listed: ReturnType<typeof createDeviceList>;
  readonly #rounds: Rounds;

  constructor(deps: Dependencies) {
    this.#deps = deps;
    this.#listed = createDeviceList(deps);
    const worker = { name: 'device authorizations', log: deps.log };
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

  /** One look at all that wait. */
  async round(): Promise<void> {
    const listed = [...(await this.#listed.read()).values()];
    const due = listed.filter((record) => isDue(this.#deps, record));
    const polls = await Promise.allSettled(due.map(({ intent }) => pollDevice(this.#deps, intent.connectId)));
    const failed = polls.filter(({ status }) => status === 'rejected').length;
    if (failed > 0) this.#deps.log.warn({ failed }, 'device authorizations are asked about again later');
  }
}
