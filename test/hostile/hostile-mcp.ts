/** A service under attack by MCP servers: each row has a server of its own, with an authorization server of its own. */

import { expect } from 'vitest';
import { type Canary, startCanary } from '../support/canary.js';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { type AttackedService, asJson, attack, bearer, keys, openAttacked, type Seen } from './attacked-service.js';

export interface AttackedByMcp {
  readonly service: AttackedService;
  /** All MCP servers, one per path. */
  readonly server: ScriptedServer;
  /** All authorization servers, one per path. */
  readonly issuer: ScriptedServer;
  /** Whom nobody may ask anything. */
  readonly evil: ScriptedServer;
  readonly canary: Canary;
  close(): Promise<void>;
}

/** Opens the service and those around it. */
export async function openAttackedByMcp(): Promise<AttackedByMcp> {
  const [service, server, issuer, evil, canary] = await Promise.all([
    openAttacked(),
    startScriptedServer(),
    startScriptedServer(),
    startScriptedServer(),
    startCanary(),
  ]);
  const all = [service, server, issuer, evil, canary];
  return {
    service,
    server,
    issuer,
    evil,
    canary,
    close: async () => void (await Promise.all(all.map((each) => each.close()))),
  };
}

/** Where the documents of a row stand, and what they say when nobody spoils them. */
export interface RowPlaces {
  readonly name: string;
  readonly serverUrl: string;
  readonly issuerUrl: string;
  readonly resourcePath: string;
  readonly metadataPath: string;
  readonly registerPath: string;
  readonly resource: object;
  readonly metadata: object;
}

let rows = 0;

/** Sets up the next row, well-behaved. */
export function nextRow({ server, issuer }: AttackedByMcp): RowPlaces {
  rows += 1;
  const name = `r${rows}`;
  const [serverUrl, issuerUrl] = [`${server.url}/${name}`, `${issuer.url}/${name}`];
  const places = {
    name,
    serverUrl,
    issuerUrl,
    resourcePath: `/.well-known/oauth-protected-resource/${name}`,
    metadataPath: `/.well-known/oauth-authorization-server/${name}`,
    registerPath: `/${name}/register`,
    resource: { resource: serverUrl, authorization_servers: [issuerUrl], scopes_supported: ['listed'] },
    metadata: {
      issuer: issuerUrl,
      authorization_endpoint: `${issuerUrl}/authorize`,
      token_endpoint: `${issuerUrl}/token`,
      registration_endpoint: `${issuerUrl}/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    },
  };
  server.answer(places.resourcePath, { json: places.resource });
  issuer.answer(places.metadataPath, { json: places.metadata });
  issuer.answer(places.registerPath, { status: 201, json: { client_id: `client-${name}` } });
  return places;
}

/** What the bot is told, and what it may be told about. */
export interface Verdict {
  readonly status: number;
  readonly code: string;
  /** Of a discovery that failed. */
  readonly step?: string;
  readonly marks?: readonly string[];
}

/** The bot asks for a token for the row's server; afterwards nobody is connected and nobody outside was reached. */
export async function askFor(
  world: AttackedByMcp,
  { name, serverUrl }: RowPlaces,
  wish: Verdict & { readonly header?: string },
): Promise<Seen> {
  const { header, step, ...verdict } = wish;
  const body = JSON.stringify({ server_url: serverUrl, ...(header !== undefined && { www_authenticate: header }) });
  const headers = { ...bearer(keys.bot), ...asJson };
  const seen = await attack(
    world.service,
    { method: 'POST', path: `/v1/users/${name}/mcp/token`, headers, body },
    verdict,
  );
  expect(JSON.parse(seen.text).step).toBe(step);
  expect(await world.service.manager.listUserConnections(name)).toEqual([]);
  expect(world.evil.requests).toEqual([]);
  expect(world.canary.connections()).toBe(0);
  return seen;
}

/** A document of a given text. */
export const asDocument = (text: string | Buffer, more: ScriptedAnswer = {}): ScriptedAnswer => ({
  text,
  headers: { 'content-type': 'application/json' },
  ...more,
});
