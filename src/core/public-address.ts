/** Addresses that other parties are sent to, as an operator gives them in the environment or a host among its options. */

import { z } from 'zod';
import { isLoopbackPage } from './endpoint.js';

const noWebUrl = 'must be a URL that begins with https://, or on this machine with http://';

/** https, or http on this machine; no user, no fragment, and nothing else that `faultOf` finds. */
const publicUrlWithout = (faultOf: (url: URL) => string | undefined) =>
  z.string(noWebUrl).transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const problem = url ? (faultOfPublicUrl(url) ?? faultOf(url)) : noWebUrl;
    if (url && problem === undefined) return url;
    context.addIssue({ code: 'custom', message: problem ?? noWebUrl });
    return z.NEVER;
  });

const publicUrl = publicUrlWithout((url) => (url.search === '' ? undefined : 'must not have a query'));

function faultOfPublicUrl(url: URL): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return noWebUrl;
  if (url.protocol === 'http:' && !isLoopbackPage(url.hostname)) return 'must be https unless the host is loopback';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or password';
  if (url.hash !== '') return 'must not have a fragment';
  return undefined;
}

/** Origin and path prefix, without the slash at the end. */
export const baseUrlSchema = publicUrl.transform((url) => url.origin + url.pathname.replace(/\/+$/, ''));

/** A page or endpoint of somebody else's, whole. */
export const endpointUrlSchema = publicUrl.transform((url) => url.href);

/** The same where a query may belong to the address: a host's page, the key set of one policy (Azure AD B2C). */
export const queriedUrlSchema = publicUrlWithout(() => undefined).transform((url) => url.href);

/** An exact origin: scheme, host, port, and nothing else, so that comparing is comparing text. */
export const originSchema = z.string().refine((text) => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  // No browser has an origin with a star: whoever writes one expects all hosts below.
  if (text.includes('*')) return false;
  return url.origin === text && (url.protocol === 'https:' || isLoopbackPage(url.hostname));
}, 'each must be an exact https origin such as https://app.example.org, without a path or slash at the end');

const anyScheme = /^[a-z][a-z0-9+.-]*:\/\//i;
const noChat = /^(javascript|data|file|vbscript|blob):/i;

/** Whether a link may lead into a chat: every chat program has a scheme of its own; a script or a file is no chat. */
export function isChatLink(text: string): boolean {
  return anyScheme.test(text) && !noChat.test(text);
}

/** A template of a link that carries the return code into the chat. */
export const deepLinkSchema = z
  .string()
  .refine((text) => text.includes('{code}'), 'must contain {code}')
  .refine((text) => anyScheme.test(text), 'must be a link such as https://t.me/my_bot?start={code}')
  .refine((text) => !noChat.test(text), 'must not be a script or a file');
