/** Tools with the library in the same process, against the sandbox. What a model would call is called by hand. */

import { randomBytes } from 'node:crypto';
import { fastify } from 'fastify';
import { initOAuthManager } from 'valetkey';
import { valetkey, valetkeyServerOptions } from 'valetkey/fastify';
import { findFreePort } from '../platform-stub/http.mjs';
import { startSandbox } from '../platform-stub/sandbox.mjs';
import { connectInBrowser } from '../terminal-chat/built-in-person.mjs';
import { callTool, createWhoAmI, toAiSdkTools, toLangChainTool } from './tools.mjs';

const port = await findFreePort();
const baseUrl = `http://localhost:${port}`;
const sandbox = await startSandbox(baseUrl);
const manager = await initOAuthManager({
  baseUrl,
  providers: sandbox.providers,
  encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
  dataDir: sandbox.dataDir,
  allowInsecureLoopbackProviders: true,
});
// The pages on which people connect; nobody calls the API over HTTP here.
const app = fastify(valetkeyServerOptions);
await app.register(valetkey, { manager, authenticate: () => undefined });

/** From the session of the program, never from the model. */
const userId = 'app:ada';
const whoAmI = createWhoAmI(sandbox.github);

try {
  await app.listen({ port, host: 'localhost' });
  const tools = toAiSdkTools([whoAmI], { userId, jsonSchema: (schema) => schema });
  const refused = await tools.github_whoami.execute({ greeting: 'Hello' });
  console.log(`tool> ${refused}`);

  const code = await connectInBrowser(/http\S+/.exec(refused)[0]);
  const { connectId } = await manager.submitProof(userId, code);
  const { resume } = await manager.takePendingAction(connectId);
  console.log(`resumed> ${await callTool(whoAmI, resume.userId, resume.input)}`);

  console.log(`ai sdk> ${await tools.github_whoami.execute({})}`);
  const [invoke, { name }] = toLangChainTool(whoAmI);
  console.log(`langchain> ${name}: ${await invoke({ userId: 'app:grace' }, { configurable: { userId } })}`);
} finally {
  await app.close();
  await manager.close();
  await sandbox.close();
}
