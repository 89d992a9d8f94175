/** Times what the engine is asked, and how it ended. */

import { StoreUnavailable } from '../core/errors.js';
import type { Meter } from '../core/meter.js';
import type { StorageEngine } from './engine.js';

/** Waits for as long as its caller likes, which says nothing about the store. */
const untimed: ReadonlySet<string | symbol> = new Set(['waitLog', 'close']);

/** The same engine; every call that takes its time is told to the meter. */
export function meterEngine(engine: StorageEngine, meter: Meter): StorageEngine {
  return new Proxy(engine, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || typeof name === 'symbol' || untimed.has(name)) return method;
      return (...args: readonly unknown[]) => {
        const startedAt = performance.now();
        const answer: unknown = Reflect.apply(method, target, args);
        return answer instanceof Promise ? timed(answer, { meter, operation: name, startedAt }) : answer;
      };
    },
  });
}

async function timed<T>(
  answer: Promise<T>,
  { meter, operation, startedAt }: { meter: Meter; operation: string; startedAt: number },
): Promise<T> {
  const tell = (outcome: 'ok' | 'unavailable' | 'failed') =>
    meter.storeAsked({ operation, outcome, seconds: (performance.now() - startedAt) / 1_000 });
  try {
    const value = await answer;
    tell('ok');
    return value;
  } catch (error) {
    tell(error instanceof StoreUnavailable ? 'unavailable' : 'failed');
    throw error;
  }
}
