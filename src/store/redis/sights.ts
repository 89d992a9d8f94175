/** What a process has read from Redis and has not been told of any write to since. */

import type { Sight } from '../engine.js';

/** Keys share slots, so that this takes no more memory for more keys; a write then ends a few other sights, too. */
const slotCount = 16_384;

interface OwnSight extends Sight {
  isCurrent: boolean;
}

/** Sights of keys. One that has ended never becomes current again. */
export class Sights {
  readonly #slots: (OwnSight | undefined)[] = new Array(slotCount).fill(undefined);

  /** The current sight of a key; to be taken before the read is sent. */
  of(key: string): Sight {
    const slot = slotOf(key);
    const sight = this.#slots[slot] ?? { isCurrent: true };
    this.#slots[slot] = sight;
    return sight;
  }

  /** To be called when a key has been written. */
  end(key: string): void {
    const slot = slotOf(key);
    const sight = this.#slots[slot];
    if (sight !== undefined) sight.isCurrent = false;
    this.#slots[slot] = undefined;
  }

  /** To be called when any key may have been written. */
  endAll(): void {
    for (const sight of this.#slots) if (sight !== undefined) sight.isCurrent = false;
    this.#slots.fill(undefined);
  }
}

function slotOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash & (slotCount - 1);
}
