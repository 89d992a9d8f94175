/** From a cold 401 of an MCP server to the connect URL, and warm: `node bench/mcp.mjs [rounds]`, after `npm run build`. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const rounds = Number(process.argv[2] ?? 15);
const { openManager } = await import(new URL('../dist/src/open-manager.js', import.meta.url).href);

let requests = 0;
/** Time of the servers themselves, ms; the rest of the whole is ours, with loopback. */
let theirs = 0;

/** A server on a free port of this machine; `answerOf` gets its origin. */
async function serve(answerOf) {
  const server = createServer((request, response) => {
    const begun = performance.now();
    requests += 1;
    const { status = 200, ...body } = answerOf(request.url, `http://127.0.0.1:${server.address().port}`) ?? {
      status: 404,
    };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
    theirs += performance.now() - begun;
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const issuer = await serve((path, origin) => {
  if (path === '/register') return { status: 201, client_id: 'bench', token_endpoint_auth_method: 'none' };
  if (path !== '/.well-known/oauth-authorization-server') return undefined;
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
  };
});
const resource = '/.well-known/oauth-protected-resource/mcp';
const figures = [];
for (let round = 0; round < rounds; round += 1) {
  const server = await serve((path, origin) =>
    path === resource ? { resource: `${origin}/mcp`, authorization_servers: [issuer.origin] } : undefined,
  );
  const dataDir = mkdtempSync(join(tmpdir(), 'valetkey-bench-mcp-'));
  const manager = await openManager({
    baseUrl: 'http://localhost:3000',
    providers: {},
    mcp: {},
    encryptionKeys: `k1:${Buffer.alloc(32, 3).toString('base64')}`,
    dataDir,
    allowInsecureLoopbackProviders: true,
    backgroundWork: false,
  });
  const wwwAuthenticate = `Bearer resource_metadata="${server.origin}${resource}"`;
  const measure = async (user) => {
    requests = 0;
    theirs = 0;
    const begun = performance.now();
    const error = await manager.mcp
      .requireToken(user, `${server.origin}/mcp`, { wwwAuthenticate })
      .catch((thrown) => thrown);
    if (error.code !== 'not_connected') throw error;
    return { ms: performance.now() - begun - theirs, requests };
  };
  figures.push({ cold: await measure('ada'), warm: await measure('bo') });
  await manager.close();
  server.close();
  rmSync(dataDir, { recursive: true, force: true });
}
issuer.close();

const median = (values) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)];
for (const kind of ['cold', 'warm']) {
  const ms = median(figures.map((figure) => figure[kind].ms)).toFixed(1);
  const most = Math.max(...figures.map((figure) => figure[kind].requests));
  console.log(`${kind}: ${ms} ms of our own (median of ${rounds}), ${most} requests to the outside`);
}
console.log('wanted: cold under 50 ms and at most 5 requests, warm 0 requests');
