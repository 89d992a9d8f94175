/** The headers that every page carries, and the two checks made on the headers of every browser request. */

import type { IncomingHttpHeaders } from 'node:http';
import { Forbidden } from '../src/core/errors.js';
import type { Site } from './site.js';

/** What one page needs beyond the others. */
export interface PageNeeds {
  /** Origin of the authorization endpoint to which the page's form leads. */
  readonly authorizationOrigin?: string;
  /** Whether the page has a script of ours. */
  readonly script?: boolean;
}

/**
 * Content-Security-Policy of a page: nothing but our own stylesheet and pictures.
 *
 * `authorizationOrigin` is where the landing page's form leads in the end. Chromium holds every redirect that
 * follows a form against `form-action`, those of the provider too, and providers send people on: Notion from its API
 * to its site, Atlassian to its identity service, a company's single sign-on to anywhere. So with it `https:` is
 * allowed as well; the origin itself is named for providers on http loopback.
 */
export function contentSecurityPolicy(needs: PageNeeds = {}): string {
  const { authorizationOrigin } = needs;
  const destinations = authorizationOrigin === undefined ? '' : ` ${new URL(authorizationOrigin).origin} https:`;
  return [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    ...(needs.script ? ["script-src 'self'"] : []),
    `form-action 'self'${destinations}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

/** Of a picture that is opened by itself: an SVG is a document then, and may draw but neither run nor fetch anything. */
export const pictureSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/** The headers of every page, redirect and error of the browser half. */
export function pageHeaders(site: Site): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy(),
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-robots-tag': 'noindex, nofollow',
    ...(site.https ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/** Whether a browser or proxy fetches ahead of the person (`Sec-Purpose`, and its forerunners). */
export function isPrefetch(headers: IncomingHttpHeaders): boolean {
  const purposes = [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']];
  return purposes.some((purpose) => /prefetch|prerender|preview/i.test(String(purpose ?? '')));
}

/**
 * Refuses a form that another site sent.
 *
 * Under `Referrer-Policy: no-referrer` browsers send `Origin: null` with our own forms too (Fetch standard, "append a
 * request Origin header"), and say in `Sec-Fetch-Site` where the form stood. A caller that sends neither header is not
 * a browser, and cannot be made to act by another site.
 *
 * @throws {Forbidden} when the form did not stand on one of our pages
 */
export function requireOwnOrigin(headers: IncomingHttpHeaders, site: Site): void {
  const { origin } = headers;
  const fetchSite = headers['sec-fetch-site'];
  const originIsOurs = origin === undefined || origin === site.origin || (origin === 'null' && fetchSite !== undefined);
  const siteIsOurs = fetchSite === undefined || fetchSite === 'same-origin';
  if (!originIsOurs || !siteIsOurs) throw new Forbidden('The form was not sent from a page of this service.');
}
