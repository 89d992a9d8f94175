/** Measures how long each call of the engine takes, and whether it fails. */

import { StoreUnavailable } from '../core/errors.js';
import type { Meter } from '../core/meter.js';
import type { StorageEngine } from './engine.js';

/** It waits for as long as its caller likes, which says nothing about the store. */
const untimed: ReadonlySet<string | symbol> = new Set(['waitLog', 'close']);

/** The same engine, which reports every call to the meter. Each of its methods is wrapped once. */
export function meterEngine(engine: StorageEngine, meter: Meter): StorageEngine {
  const metered = new Map<string, Call>();
  return new Proxy(engine, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || typeof name === 'symbol' || untimed.has(name)) return method;
      const known = metered.get(name);
      if (known) return known;
      const call = timed((...args) => Reflect.apply(method, target, args), { meter, operation: name });
      metered.set(name, call);
      return call;
    },
  });
}

type Call = (...args: readonly unknown[]) => unknown;

function timed(call: Call, { meter, operation }: { meter: Meter; operation: string }): Call {
  return (...args) => {
    const startedAt = performance.now();
    const answer = call(...args);
    if (!(answer instanceof Promise)) return answer;
    const tell = (outcome: 'ok' | 'unavailable' | 'failed') =>
      meter.storeAsked({ operation, outcome, seconds: (performance.now() - startedAt) / 1_000 });
    return answer.then(
      (value) => {
        tell('ok');
        return value;
      },
      (error) => {
        tell(error instanceof StoreUnavailable ? 'unavailable' : 'failed');
        throw error;
      },
    );
  };
}
