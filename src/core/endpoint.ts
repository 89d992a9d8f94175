/** Which URLs may be configured and called as endpoints. */

/**
 * Whether a URL may be an endpoint: https, or http to a loopback address where that is allowed. Credentials in a URL
 * would be shown wherever it is, so that none may stand there.
 */
export function isAllowedEndpoint(url: URL, allowInsecureLoopback: boolean): boolean {
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && allowInsecureLoopback && isLoopback(url.hostname));
}

/** Whether a host name, as a URL has it, is this machine. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
