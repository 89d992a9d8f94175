/** The public address of the browser pages, read once from the configured base URL and never from a request. */

/** The parts of the public address that pages and cookies need. */
export interface Site {
  /** `https://host[:port]`, as in an `Origin` header. */
  readonly origin: string;
  /** Path prefix of the base URL, without a slash at the end; empty at the root. */
  readonly basePath: string;
  readonly https: boolean;
}

/**
 * Reads the base URL.
 *
 * @param baseUrl public origin and path prefix; a slash at the end does not matter
 * @throws TypeError when it is not an absolute URL; the configuration has checked it before
 */
export function describeSite(baseUrl: string): Site {
  const url = new URL(baseUrl);
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, ''), https: url.protocol === 'https:' };
}
