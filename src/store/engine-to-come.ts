/** An engine that is opened on its first use. */

import type { StorageEngine } from './engine.js';

/**
 * Stands in for an engine: calls wait until it is open, and fail if opening fails. From then on the engine itself answers.
 *
 * @param open answers the same promise each time
 */
export function engineToCome(open: () => Promise<StorageEngine>): StorageEngine {
  let opened: StorageEngine | undefined;
  const wait = async () => {
    opened = await open();
    return opened;
  };
  const nothing: StorageEngine = Object.create(null);
  return new Proxy(nothing, {
    get(_nothing, name) {
      if (opened !== undefined) return Reflect.get(opened, name);
      if (name === 'kind' || name === 'figures') return undefined;
      if (name === 'close')
        return () =>
          wait().then(
            (engine) => engine.close(),
            () => undefined,
          );
      return async (...given: readonly unknown[]) => {
        const engine = await wait();
        return Reflect.apply(Reflect.get(engine, name), engine, given);
      };
    },
  });
}
