/** The host app against the sandbox; a built-in person logs in, connects and comes back. */

import { randomBytes } from 'node:crypto';
import { initOAuthManager } from 'valetkey';
import { findFreePort } from '../platform-stub/http.mjs';
import { startSandbox } from '../platform-stub/sandbox.mjs';
import { consent, createBrowser } from '../terminal-chat/built-in-person.mjs';
import { createHostApp } from './app.mjs';

const port = await findFreePort();
const origin = `http://localhost:${port}`;
const baseUrl = `${origin}/accounts`;
const sandbox = await startSandbox(baseUrl);
const manager = await initOAuthManager({
  baseUrl,
  providers: sandbox.providers,
  encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
  dataDir: sandbox.dataDir,
  connectProof: 'app_verifier',
  appVerifierUrl: `${origin}/connected`,
  allowInsecureLoopbackProviders: true,
});
const checkLogin = ({ name }) => (name === 'ada' ? 'host:ada' : undefined);
const app = await createHostApp({ manager, checkLogin, github: sandbox.github });

try {
  await app.listen({ port, host: 'localhost' });
  const stranger = await fetch(`${origin}/me`);
  console.log(`without a session: ${stranger.status}`);

  const visit = createBrowser();
  const logIn = { action: '/login', fields: new URLSearchParams({ name: 'ada' }) };
  const landing = await visit(`${origin}/`, logIn);
  console.log(`logged in, and sent to ${new URL(landing.url).pathname}`);
  const me = await consent(visit, landing);
  console.log(`back at ${new URL(me.url).pathname}: ${me.html}`);

  const { html } = await visit(`${baseUrl}/v1/users/host%3Aada/connections`);
  const [{ provider, status }] = JSON.parse(html).connections;
  console.log(`her connections: ${provider} ${status}`);
  const other = await visit(`${baseUrl}/v1/users/host%3Agrace/connections`).catch(({ message }) => message);
  console.log(`someone else's: ${other.slice(-3)}`);
} finally {
  await app.close();
  await manager.close();
  await sandbox.close();
}
