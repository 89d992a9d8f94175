/** `valetkey/client`: the guard over HTTP. Brings no dependency; ESM and CommonJS. */

export * from '../core/errors.js';
export { Secret } from '../core/secret.js';
export type { DeviceInstructions, StartedConnect } from '../core/views.js';
export { ServiceUnreachable, UnexpectedAnswer } from './errors.js';
export type { ClientEvent, EventsOptions } from './event-stream.js';
export {
  type ClientConnectOptions,
  type ClientExchangeOptions,
  type ClientTokenContext,
  type ClientTokenOptions,
  ValetkeyClient,
  type ValetkeyClientOptions,
} from './valetkey-client.js';
export type { ClientConnect, ClientConnection, ClientDisconnected, ClientProvenConnect, ClientToken } from './views.js';
