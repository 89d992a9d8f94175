/** A scripted server, and the HTTP client that asks it: both for one test file, which ends them. */

import { afterAll } from 'vitest';
import { createHttp } from '../../src/protocol/http.js';
import { startScriptedServer } from './scripted-server.js';

/** @param options what the client gets beside the permission for loopback */
export async function scriptedStage(options: Parameters<typeof createHttp>[0] = {}) {
  const server = await startScriptedServer();
  const http = createHttp({ allowInsecureLoopback: true, ...options });
  afterAll(async () => {
    await http.close();
    await server.close();
  });
  return { server, http };
}
