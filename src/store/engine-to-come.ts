/** An engine that is opened when it is first asked for something. */

import type { StorageEngine } from './engine.js';

/**
 * Stands in for an engine: what it is asked waits until that is open, and fails as opening fails. From then on the
 * engine itself answers.
 *
 * @param open the same promise each time
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
