/**
 * Authorization responses that the provider makes the browser post (OAuth 2.0 Form Post Response Mode; Apple). Browsers
 * send no `Lax` cookie with a post from another site, so a page of ours posts the same fields again from our site.
 */

import { z } from 'zod';
import { InvalidRequest } from '../src/core/errors.js';
import type { Page } from './pages/render.js';
import type { Texts } from './pages/texts.js';

/** RFC 6749 section 4.1.2 and 4.1.2.1, RFC 9207; `user` is Apple's, once, with the person's name. */
const responseParameters = ['code', 'state', 'iss', 'error', 'user'] as const;

/** Marks fields that our own page has posted, so that a browser without the cookie does not loop. */
const repostedField = 'reposted';

const formSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** What was posted; a repeated parameter stays repeated (RFC 6749 section 3.1), an unknown one is dropped. */
export interface PostedResponse {
  readonly parameters: URLSearchParams;
  readonly isReposted: boolean;
}

/** @throws {InvalidRequest} the body is not a form */
export function readPostedResponse(body: unknown): PostedResponse {
  const form = formSchema.safeParse(body);
  if (!form.success) throw new InvalidRequest('body', 'must be a form');
  const parameters = new URLSearchParams();
  for (const name of responseParameters) {
    for (const value of [form.data[name] ?? []].flat()) parameters.append(name, value);
  }
  return { parameters, isReposted: form.data[repostedField] !== undefined };
}

/** The page that posts the fields again. */
export function repostPage({ parameters }: PostedResponse, action: string, { texts }: { texts: Texts }): Page {
  const fields = [...parameters, [repostedField, '1']];
  return { template: 'repost', title: texts.repost.title, script: 'repost.js', view: { action, fields } };
}
