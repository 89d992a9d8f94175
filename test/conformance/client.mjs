/** The client that the official MCP conformance suite judges: the SDK's transport with our `fetch`, and nobody's browser. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const dist = pathToFileURL(`${process.env.VALETKEY_DIST}/`);
const { OAuthNotConnected, openManager } = await import(new URL('src/index.js', dist).href);
const { createMcpFetch } = await import(new URL('src/mcp/index.js', dist).href);

const serverUrl = process.argv.at(-1);
const version = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
/** How this client is broken on purpose: `resource` is never sent, or `iss` never looked at; empty = not at all. */
const fault = process.env.VALETKEY_CONFORMANCE_FAULT ?? '';
const userId = 'conformance';
/** More than any scenario needs; the manager's own limits are what is judged. */
const mostConnects = 6;

const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-conformance-'));
const manager = await openManager({
  baseUrl: 'http://localhost:3000',
  providers: {},
  mcp: await policyFor(),
  encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
  dataDir,
  connectProof: 'none',
  unsafeConnectWithoutProof: true,
  allowInsecureLoopbackProviders: true,
  backgroundWork: false,
});

try {
  await callTools();
  // Whatever changed at the server meanwhile shows at the next call.
  await callTools();
} finally {
  await manager.close();
  await rm(dataDir, { recursive: true, force: true });
}

/** Calls the server as an agent would; whenever a person is needed, connects and begins anew. */
async function callTools() {
  for (let connects = 0; ; connects += 1) {
    try {
      await speak();
      return;
    } catch (error) {
      const needed = findNotConnected(error);
      if (needed === undefined || connects >= mostConnects) throw error;
      await connect(needed);
    }
  }
}

async function speak() {
  const transport = new StreamableHTTPClientTransport(new URL(serverUrl), {
    fetch: createMcpFetch({ userId, manager }, serverUrl),
  });
  const isStateless = version === '2026-07-28';
  const client = new Client(
    { name: 'valetkey-conformance', version: '1.0.0' },
    isStateless ? { versionNegotiation: { mode: { pin: version } } } : {},
  );
  try {
    await client.connect(transport);
    await client.listTools();
    await client.callTool({ name: 'test-tool', arguments: {} });
  } finally {
    await client.close().catch(() => undefined);
  }
}

/** What a browser would do: open the link, go to the authorization server, come back with its answer. */
async function connect({ provider, connectUrl }) {
  const link = new URL(connectUrl).searchParams.get('link') ?? '';
  const { authorizationUrl, browserSecret } = await manager.startAuthorization(provider, link);
  const answer = await fetch(authorizationUrl, { redirect: 'manual' });
  const location = answer.headers.get('location');
  if (location === null) throw new Error(`the authorization server answered ${answer.status} without a redirect`);
  const { searchParams } = new URL(location);
  // As if whatever came were the right one.
  if (fault === 'iss') searchParams.set('iss', await readIssuer());
  await manager.finishAuthorization(provider, searchParams, browserSecret.reveal());
}

function findNotConnected(error) {
  for (let each = error; each !== undefined && each !== null; each = each.cause) {
    if (each instanceof OAuthNotConnected) return each;
  }
  return undefined;
}

/** What the operator of this deployment would have configured for the scenario. */
async function policyFor() {
  const { client_id, client_secret, private_key_pem, issuer } = context;
  const isAlone = scenario.startsWith('auth/client-credentials');
  return {
    client_metadata_url: 'https://conformance-test.local/client-metadata.json',
    ...(scenario.startsWith('auth/2025-03-26') && { servers: { [serverUrl]: { legacy_endpoints: true } } }),
    ...(isAlone && { servers: { [serverUrl]: { grant: 'client_credentials' } } }),
    ...(fault === 'resource' && { servers: { [serverUrl]: { omit_resource: true } } }),
    ...(client_id && {
      clients: [
        {
          issuer: issuer ?? (await readIssuer()),
          client_id,
          ...(client_secret && { client_secret }),
          ...(private_key_pem && { client_private_key: private_key_pem }),
        },
      ],
    }),
  };
}

/** Where the scenario does not say it, an operator reads in the server's metadata whose client this is. */
async function readIssuer() {
  const { origin, pathname } = new URL(serverUrl);
  const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  return (await metadata.json()).authorization_servers[0];
}
