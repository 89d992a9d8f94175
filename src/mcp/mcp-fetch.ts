/** A `fetch` for the transport of an MCP client: adds the user's token, and gets one when it is needed. */

import { DiscoveryFailed } from '../core/errors.js';
import type { AccessToken } from '../core/views.js';
import { digestOf, type McpContext, readContext } from './context.js';

/** `fetch` as transports call it: those of the MCP SDK pass a URL, others may pass a whole request. */
export type McpFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Sends the requests; by default the guarded client, which reaches public https servers only. */
export interface McpFetchOptions {
  readonly fetch?: ((url: string | URL, init?: RequestInit) => Promise<Response>) | undefined;
}

/** A request that can be sent again byte for byte. */
interface HeldRequest {
  readonly url: string | URL;
  readonly init: RequestInit;
}

/**
 * Makes a `fetch` for one user and one MCP server.
 *
 * Requests to a server that never answers 401 are sent unchanged, and no others. On 401 the server is discovered and the
 * user's token fetched or refreshed; the same request is then sent once more. On 403 with `insufficient_scope` the person is
 * asked for more, with a limit. Requests with their own `Authorization`, and requests to other origins, are passed on
 * untouched. Redirects are not followed.
 *
 * @param serverUrl the same as for the transport
 * @returns a function that rejects with `OAuthNotConnected` (post its `connectUrl` to the person), `DiscoveryFailed`,
 *   `ClientRegistrationRequired`, `ProviderUnavailable`, or what the underlying fetch rejects with
 * @see MCP specification 2026-07-28, Authorization; RFC 6750 section 3, RFC 9728 section 5
 */
export function createMcpFetch(context: McpContext, serverUrl: string | URL, options: McpFetchOptions = {}): McpFetch {
  const server = String(serverUrl);
  const { origin } = new URL(server);
  return async (input, given = {}) => {
    const { url, init } = partsOf(input, given);
    const { journeys, userId, options: whose } = readContext(context);
    const send = options.fetch ?? journeys.fetchFrom(server, whose);
    const isOthers = new URL(url).origin !== origin || new Headers(init.headers).has('authorization');
    const held = await hold(url, init);
    if (isOthers) return send(held.url, { ...held.init, redirect: 'manual' });
    const token = await journeys.findToken(userId, server, whose);
    const response = await send(held.url, withToken(held, token));
    if (response.status !== 401) return stepUp(response, token);
    await response.body?.cancel();
    const fresh = await journeys.requireToken(userId, server, { ...whose, ...answerOf(response, token) });
    const again = await send(held.url, withToken(held, fresh));
    if (again.status === 401) {
      await again.body?.cancel();
      throw new DiscoveryFailed('token', server, 'refuses the token that its authorization server has just issued.');
    }
    return stepUp(again, fresh);

    /** A 403 is passed on unless it may help to ask the person for more scope. */
    async function stepUp(refused: Response, sent: AccessToken | undefined): Promise<Response> {
      if (refused.status !== 403 || sent === undefined) return refused;
      const rejectedTokenSha256 = digestOf(sent);
      const answer = { ...whose, ...answerOf(refused, sent), rejectedTokenSha256 };
      const wider = await journeys.stepUp(userId, server, answer);
      return wider === undefined ? refused : send(held.url, withToken(held, wider));
    }
  };
}

function answerOf(response: Response, sent: AccessToken | undefined) {
  return {
    wwwAuthenticate: response.headers.get('www-authenticate'),
    ...(sent && { rejectedTokenSha256: digestOf(sent) }),
  };
}

/** Combines a request and its options, which take precedence (Fetch standard, section 5.4). */
function partsOf(input: string | URL | Request, given: RequestInit): HeldRequest {
  if (typeof input === 'string' || input instanceof URL) return { url: input, init: given };
  const { url, method, headers, body, signal } = input;
  return { url, init: { method, headers, body, signal, ...given } };
}

/** Reads a body that can be read only once, so that it can be sent twice. */
async function hold(url: string | URL, init: RequestInit): Promise<HeldRequest> {
  const { body } = init;
  const isPlain = body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array;
  if (isPlain) return { url, init };
  const whole = new Response(body);
  const headers = new Headers(init.headers);
  const type = whole.headers.get('content-type');
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type);
  return { url, init: { ...init, headers, body: new Uint8Array(await whole.arrayBuffer()) } };
}

/** The token goes into the header and nowhere else (RFC 6750 section 2.1). */
function withToken({ init }: HeldRequest, token: AccessToken | undefined): RequestInit {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token.accessToken.reveal()}`);
  return { ...init, headers, redirect: 'manual' };
}
