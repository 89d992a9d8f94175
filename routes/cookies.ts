/** The two kinds of cookie (RFC 6265): for the browser that started a flow, and for the session of the account page. */

import { InvalidRequest } from '../src/core/errors.js';
import type { Secret } from '../src/core/secret.js';
import type { Site } from './site.js';

/**
 * Name of a cookie. The prefix `__Host-` makes browsers refuse it from a sibling domain, with a `Domain`, with another
 * path or over http (RFC 6265bis section 4.1.3.2); on http loopback it could not be set at all, so the name is plain.
 */
function cookieName(site: Site, purpose: string): string {
  return site.https ? `__Host-valetkey_${purpose}` : `valetkey_${purpose}`;
}

/** The cookie that binds one flow to the browser that started it. One per provider, so that flows do not collide. */
export function flowCookieName(site: Site, provider: string): string {
  return cookieName(site, `flow_${provider}`);
}

/** The cookie of the account page. */
export function sessionCookieName(site: Site): string {
  return cookieName(site, 'session');
}

/**
 * Finds a cookie in the `Cookie` header.
 *
 * A browser sends a name twice only if somebody set a second cookie under another path or domain. Nothing tells which of
 * the two is ours, so both are refused. That is why the header is read here: libraries keep the first.
 *
 * Only spaces and tabs before a name are skipped. A no-break space stays part of the name: browsers let a sibling domain
 * set such a cookie (seen with Chromium 156), which would get around the prefix `__Host-`.
 *
 * @throws {InvalidRequest} when the name is there twice
 */
export function findCookie(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.replace(/^[ \t]+/, ''))
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  if (values.length > 1) throw new InvalidRequest('cookie', 'was sent more than once');
  return values[0] || undefined;
}

/**
 * Formats a `Set-Cookie` value. With `Lax` the browser sends the cookie with the redirect from the provider; with `Strict`
 * it would not.
 *
 * @param cookie `lifetimeMs` is rounded down to seconds
 */
export function formatCookie(site: Site, cookie: { name: string; value: Secret; lifetimeMs: number }): string {
  const maxAge = Math.max(0, Math.floor(cookie.lifetimeMs / 1000));
  return `${cookie.name}=${cookie.value.reveal()}; Max-Age=${maxAge}; ${attributes(site)}`;
}

/** Formats the `Set-Cookie` value that makes the browser delete a cookie. */
export function formatForgottenCookie(site: Site, name: string): string {
  return `${name}=; Max-Age=0; ${attributes(site)}`;
}

function attributes(site: Site): string {
  return `Path=/; HttpOnly; SameSite=Lax${site.https ? '; Secure' : ''}`;
}
