/** Where a browser may be sent on to when a connect is done: decided when the link is made, never from the browser. */

import { InvalidRequest } from './errors.js';

/**
 * Parses `return_to`: an absolute URL of an allowed origin, or a path of our own.
 *
 * A path must begin with one slash and must still be a path of the same origin after parsing: browsers drop tabs and
 * turn backslashes into slashes, so `/\evil` and `/..//evil` are not what they seem.
 *
 * @param allowedOrigins exact origins such as `https://app.example`
 * @returns the URL, or the path with query and fragment
 * @throws {InvalidRequest} naming `return_to`
 */
export function parseReturnTo(text: string, allowedOrigins: readonly string[]): string {
  const here = 'https://here.invalid';
  if (text.length > 2_048 || !/^[\x21-\x5b\x5d-\x7e]+$/.test(text)) throw refused();
  const url = parseUrl(text, text.startsWith('/') ? here : undefined);
  if (text.startsWith('/')) {
    const path = url.pathname + url.search + url.hash;
    if (url.origin !== here || /^\/[/\\]/.test(path)) throw refused();
    return path;
  }
  // The origin of `blob:https://…` is that of the URL inside, and others' is the text "null".
  if (!/^https?:$/.test(url.protocol) || !allowedOrigins.includes(url.origin)) throw refused();
  if (url.username !== '' || url.password !== '') throw refused();
  return url.href;
}

function parseUrl(text: string, base: string | undefined): URL {
  try {
    return new URL(text, base);
  } catch {
    throw refused();
  }
}

function refused(): InvalidRequest {
  return new InvalidRequest('return_to', 'must be a local path or a URL of an allowed origin (RETURN_TO_ORIGINS)');
}
