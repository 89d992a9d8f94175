/** How the route tests ask: one call, the answer read as JSON. */

import type { ApiUnderTest } from './api-app.js';
import { bearer, keys } from './api-app.js';

/** Asks by GET, as the bot unless told. */
export async function get(api: ApiUnderTest, url: string, key: string = keys.bot) {
  const response = await api.app.inject({ url, headers: bearer(key) });
  return { status: response.statusCode, body: response.json(), headers: response.headers };
}

/** Asks by a method that changes something. */
export async function send(
  api: ApiUnderTest,
  method: 'POST' | 'DELETE',
  url: string,
  { payload, key = keys.bot }: { payload?: object; key?: string } = {},
) {
  const response = await api.app.inject({ method, url, payload, headers: bearer(key) });
  return { status: response.statusCode, body: response.json(), headers: response.headers };
}

/** Epoch seconds, so many from now. */
export const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
