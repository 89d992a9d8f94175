/** Which URLs may be configured and called as endpoints. */

/**
 * Whether a URL may be an endpoint: https, or http to a loopback address where that is allowed. Credentials in a URL
 * would be shown wherever it is, so that none may stand there.
 */
export function isAllowedEndpoint(url: URL, allowInsecureLoopback: boolean): boolean {
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && allowInsecureLoopback && isLoopback(url.hostname));
}

/**
 * Whether a browser that is told this host stays on its machine; a name under `localhost` it never looks up (Secure
 * Contexts 3.1). Who calls an endpoint does look it up, so that none may be there.
 */
export function isLoopbackPage(hostname: string): boolean {
  return isLoopback(hostname) || hostname.endsWith('.localhost');
}

/** Whether a host is this machine; of IPv6 with the brackets of a URL or without. */
function isLoopback(hostname: string): boolean {
  return /^(localhost|::1|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname);
}
