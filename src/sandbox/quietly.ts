/** Keeps `oidc-provider` from printing notices about development settings and Node versions: this is development. */

/** Runs `work` with `console.info` and `console.warn` silenced; errors and everything else are printed. */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { info, warn } = console;
  const silent = () => undefined;
  Object.assign(console, { info: silent, warn: silent });
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}
