/** A connect of somebody, brought to any point by the browser of that person; where hostile requests then set in. */

import { type AttackedService, asForm, asJson, bearer, keys, type Seen, shoot } from './attacked-service.js';

/** A flow whose browser has come back from the provider and not yet opened the callback. */
export interface Returned {
  readonly user: string;
  readonly provider: string;
  readonly connectId: string;
  readonly link: string;
  readonly code: string;
  readonly state: string;
  /** `name=value` of the flow cookie. */
  readonly cookie: string;
  readonly cookieName: string;
  readonly cookieValue: string;
}

let users = 0;

/** A user id that no other test has. */
export function newUser(): string {
  users += 1;
  return `slack:T1:H${users}`;
}

/** Asks for a connect link as the bot. */
export async function ask(service: AttackedService, provider = 'scripted', wish: object = {}) {
  const user = newUser();
  const path = `/v1/users/${encodeURIComponent(user)}/connect/${provider}`;
  const headers = { ...bearer(keys.bot), ...asJson };
  const seen = await shoot(service, { method: 'POST', path, headers, body: JSON.stringify(wish) });
  const { connect_id, connect_url } = JSON.parse(seen.text);
  return { user, connectId: String(connect_id), link: new URL(connect_url).searchParams.get('link') ?? '' };
}

/** Presses Continue and lets the provider approve. */
export async function returnFrom(service: AttackedService, provider = 'scripted', wish: object = {}) {
  const asked = await ask(service, provider, wish);
  const started = await press(service, provider, asked.link);
  const approved = await fetch(String(started.headers.location), { redirect: 'manual' });
  const back = new URL(approved.headers.get('location') ?? '');
  const cookie = cookieOf(started);
  const [cookieName = '', cookieValue = ''] = cookie.split('=');
  const code = back.searchParams.get('code') ?? '';
  const state = back.searchParams.get('state') ?? '';
  return { ...asked, provider, code, state, cookie, cookieName, cookieValue } satisfies Returned;
}

/** Posts the form of the landing page. */
export function press(service: AttackedService, provider: string, link: string): Promise<Seen> {
  const body = new URLSearchParams({ link }).toString();
  return shoot(service, { method: 'POST', path: `/oauth/${provider}`, headers: asForm, body });
}

/** `name=value` of the first cookie that an answer sets. */
export function cookieOf(seen: Seen): string {
  return ([seen.headers['set-cookie'] ?? []].flat()[0] ?? '').split(';')[0] ?? '';
}

/** Path and query of the callback as the provider meant it. */
export function callbackPath({ provider, code, state }: Returned, server: { readonly url: string }): string {
  const parameters = new URLSearchParams({ code, state });
  if (provider === 'issuing') parameters.set('iss', server.url);
  return `/oauth/${provider}/callback?${parameters}`;
}

/** Opens the right callback in the right browser, and answers the return code of the done page. */
export async function finish(service: AttackedService, returned: Returned): Promise<string> {
  const headers = { cookie: returned.cookie };
  const seen = await shoot(service, { path: callbackPath(returned, service.server), headers });
  if (seen.status !== 303) throw new Error(`the callback was refused: ${seen.status}`);
  const done = await shoot(service, { path: `/oauth/${returned.provider}/done`, headers });
  return /id="return-code"[^>]*>\s*([^<\s]+)/.exec(done.text)?.[1] ?? '';
}

/** Hands a return code in as the bot. */
export function prove(service: AttackedService, user: string, code: unknown, key: string = keys.bot): Promise<Seen> {
  const path = `/v1/users/${encodeURIComponent(user)}/proof`;
  const headers = { ...bearer(key), ...asJson };
  return shoot(service, { method: 'POST', path, headers, body: JSON.stringify({ code }) });
}

/** Whether the user has anything active at all. */
export async function isActive(service: AttackedService, user: string): Promise<boolean> {
  return (await service.manager.listUserConnections(user)).length > 0;
}

/** A session of the account page: its cookie as `name=value`, its secret, and the token that its forms carry. */
export async function enterAccount(service: AttackedService, user: string) {
  const link = await accountLink(service, user);
  const body = new URLSearchParams({ link }).toString();
  const cookie = cookieOf(await shoot(service, { method: 'POST', path: '/connections/enter', headers: asForm, body }));
  const page = await shoot(service, { path: '/connections', headers: { cookie } });
  const csrf = /name="csrf_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  return { cookie, secret: cookie.split('=')[1] ?? '', csrf };
}

/** The code of a new link to the account page. */
export async function accountLink(service: AttackedService, user: string): Promise<string> {
  const { url } = await service.manager.createAccountLink(user);
  return new URL(url).searchParams.get('link') ?? '';
}
