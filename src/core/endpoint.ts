/** Which URLs may be configured and called as endpoints. */

/**
 * Whether a URL may be an endpoint: https, or http to a loopback address where that is allowed. One with credentials is
 * refused: they would be shown wherever the URL is.
 */
export function isAllowedEndpoint(url: URL, allowInsecureLoopback: boolean): boolean {
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && allowInsecureLoopback && isLoopback(url.hostname));
}

/**
 * Whether a browser that opens this host stays on its own machine. Names under `localhost` count: browsers never look
 * them up (Secure Contexts 3.1). Programs do, so that no endpoint may have one.
 */
export function isLoopbackPage(hostname: string): boolean {
  return isLoopback(hostname) || hostname.endsWith('.localhost');
}

/** Whether a host is this machine. IPv6 with the brackets of a URL or without. */
function isLoopback(hostname: string): boolean {
  return /^(localhost|::1|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname);
}
