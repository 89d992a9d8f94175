/** An agent that works for two people with the tools of two MCP servers, which it knows by their URLs alone. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openManager } from 'valetkey';
import { createAgent } from './agent.mjs';
import { startMcpServer } from './mcp-server.mjs';
import { connectInBrowser } from './person.mjs';

const baseUrl = 'http://localhost:3000';
/** What `ClientRegistrationRequired` would ask an operator to register. */
const redirectUriOf = (url) =>
  `${baseUrl}/oauth/mcp-${createHash('sha256').update(url).digest('hex').slice(0, 16)}/callback`;

const notes = await startMcpServer({ name: 'notes' });
const files = await startMcpServer({ name: 'files', redirectUriOf });
const dataDir = await mkdtemp(join(tmpdir(), 'mcp-agent-'));
const manager = await openManager({
  baseUrl,
  providers: {},
  // The server of files offers no registration, so that its operator has given us a client.
  mcp: { clients: [files.client] },
  encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
  dataDir,
  allowInsecureLoopbackProviders: true,
});

try {
  for (const person of ['ada', 'grace']) {
    const say = (text) => console.log(`${person}: ${text}`);
    const agent = createAgent({
      manager,
      userId: `chat:${person}`,
      // What the chat shows this person; a built-in one opens the link and types the code that the browser shows.
      needPerson: async (error) => {
        say(`please open ${new URL(error.connectUrl).pathname}`);
        const code = await connectInBrowser(manager, error, person);
        await manager.submitProof(`chat:${person}`, code);
        say('connected');
      },
    });
    say(await agent.callTool(notes.url, 'whoami'));
    say(await agent.callTool(files.url, 'whoami'));
    say(await agent.callTool(notes.url, 'whoami'));
  }
  console.log(`registrations at notes: ${notes.registrations()}, at files: ${files.registrations()}`);
} finally {
  await manager.close();
  await Promise.all([notes.close(), files.close()]);
  await rm(dataDir, { recursive: true, force: true });
}
