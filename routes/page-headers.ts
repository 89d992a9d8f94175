/** The headers of every page, and two checks on the headers of browser requests. */

import type { IncomingHttpHeaders } from 'node:http';
import { Forbidden } from '../src/core/errors.js';
import type { Site } from './site.js';

/** What one page needs in addition. */
export interface PageNeeds {
  /** Origin of the authorization endpoint to which the page's form leads. */
  readonly authorizationOrigin?: string;
  /** Whether the page has a script of ours. */
  readonly script?: boolean;
}

/**
 * Content-Security-Policy of a page: only our own stylesheet, pictures and, if it has one, script.
 *
 * `authorizationOrigin` is where the landing page's form leads in the end. Chromium checks every redirect after a form
 * against `form-action`, also those of the provider, and providers redirect on: Notion from its API to its site,
 * Atlassian to its identity service, a company's single sign-on to any site. So `https:` is allowed too; the origin
 * itself is for providers on http loopback.
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

/** For a picture that is opened on its own: an SVG is a document then, which may draw but neither run nor load anything. */
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

/** Whether a browser or proxy fetches before the person asked for it (`Sec-Purpose`, and its predecessors). */
export function isPrefetch(headers: IncomingHttpHeaders): boolean {
  const purposes = [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']];
  return purposes.some((purpose) => /prefetch|prerender|preview/i.test(String(purpose ?? '')));
}

/**
 * Refuses a form that another site sent.
 *
 * Under `Referrer-Policy: no-referrer`, the header of every answer, browsers would send `Origin: null` with our own forms
 * too (Fetch standard, "append a request Origin header"). `Sec-Fetch-Site` then tells which site the form was on, but
 * Safari has it since 16.4 only: so the pages themselves say `strict-origin`, and their forms come with our origin. A
 * caller that sends neither header is not a browser, so no other site can make it act.
 *
 * @throws {Forbidden} when the form was not on one of our pages
 */
export function requireOwnOrigin(headers: IncomingHttpHeaders, site: Site): void {
  const { origin } = headers;
  const fetchSite = headers['sec-fetch-site'];
  const originIsOurs = origin === undefined || origin === site.origin || (origin === 'null' && fetchSite !== undefined);
  const siteIsOurs = fetchSite === undefined || fetchSite === 'same-origin';
  if (!originIsOurs || !siteIsOurs) throw new Forbidden('The form was not sent from a page of this service.');
}
