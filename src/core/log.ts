/** Where the rooms say what happens; kept by whoever writes the log. */

/** Structured logging: fields first, allow-listed by the caller; never a secret, never a user's text. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Keeps nothing of what it is told. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
