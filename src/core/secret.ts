/** A string that cannot be logged by accident. */

const hidden = '[secret]';

/**
 * Holds a token, code, verifier or client secret. Every way of printing it gives `[secret]`.
 *
 * Call {@link Secret.reveal} only at the wire, when sealing, and where a token is handed to its caller.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return hidden;
  }

  [Symbol.toPrimitive](): string {
    return hidden;
  }
}
