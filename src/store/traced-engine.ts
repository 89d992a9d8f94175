/** Shows calls of the engine as spans inside those of a request or a refresh. */

import type { Tracer } from '../core/tracer.js';
import type { StorageEngine } from './engine.js';

/** These wait for as long as their caller likes, or do not ask the store. */
const untraced: ReadonlySet<string | symbol> = new Set(['waitLog', 'figures', 'close']);

/** The same engine, each call a span. Background work, such as a look at what is due, makes none. */
export function traceEngine(engine: StorageEngine, tracer: Tracer): StorageEngine {
  const system = engine.kind === 'redis' ? 'redis' : 'lmdb';
  return new Proxy(engine, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || typeof name === 'symbol' || untraced.has(name)) return method;
      const labels = { 'db.system.name': system, 'db.operation.name': name };
      const start = { name: `store ${name}`, kind: 'client', labels, inner: true } as const;
      return (...args: readonly unknown[]) => tracer.span(start, async () => Reflect.apply(method, target, args));
    },
  });
}
