/** The background worker over device authorizations. Any number of processes may run it at once. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Dependencies } from '../dependencies.js';
import { listDevices } from './device-record.js';
import { isDue, pollDevice } from './poll-device.js';

const pauseMs = 1_000;
const failurePauseMs = 10_000;

/** Polls what is due until stopped. */
export class DeviceWorker {
  readonly #deps: Dependencies;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** Begins; a second call changes nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Begins no poll any more; resolves when those under way are finished. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** One look at all that wait. */
  async round(): Promise<void> {
    const due = (await listDevices(this.#deps)).filter((record) => isDue(this.#deps, record));
    const polls = await Promise.allSettled(due.map(({ intent }) => pollDevice(this.#deps, intent.connectId)));
    const failed = polls.filter(({ status }) => status === 'rejected').length;
    if (failed > 0) this.#deps.log.warn({ failed }, 'device authorizations are asked about again later');
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const pause = await this.round().then(
        () => pauseMs,
        () => failurePauseMs,
      );
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}
