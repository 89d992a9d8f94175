/** Device authorizations at a scripted server, on either store, with a clock that the test controls. */

import { onTestFinished } from 'vitest';
import { createRegistry } from '../../providers/index.js';
import { silentLog } from '../../src/core/log.js';
import type { Dependencies, Settings } from '../../src/flows/dependencies.js';
import { DeviceWorker } from '../../src/flows/device/device-worker.js';
import { OAuthManager } from '../../src/oauth-manager.js';
import { createHttp } from '../../src/protocol/http.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { createStore } from '../../src/store/sealed-store.js';
import { Keyring } from '../../src/store/sealing.js';
import { createManualClock, type ManualClock } from './clock.js';
import { entryAt, type ScriptedServer, startScriptedServer } from './scripted-server.js';
import { makePlace, type StoreKind, secrets } from './service.js';

/** Whose device it is. */
export const user = 'slack:T1:U2';
/** The server's last answer, with the token. */
export const token = { access_token: 'at-CANARY', token_type: 'Bearer', expires_in: 3600, scope: 'read' };
/** The server's first answer. */
export const device = {
  device_code: 'dc-CANARY',
  user_code: 'ABCD-EFGH',
  verification_uri: 'https://as.example/device',
  verification_uri_complete: 'https://as.example/device?user_code=ABCD-EFGH',
  expires_in: 900,
  interval: 5,
};
/** The person has not consented yet. */
export const waiting = { status: 400, json: { error: 'authorization_pending' } };

/** Settings of a deployment that allows connects without proof. */
export const settings: Settings = {
  baseUrl: 'http://127.0.0.1:9',
  refreshBufferMs: 300_000,
  linkTtlMs: 600_000,
  proof: 'chat_code',
  allowNoProof: true,
  proofTtlMs: 600_000,
  proofAttempts: 5,
  returnToOrigins: [],
  accountPolicy: 'warn',
  requestDeadlineMs: 2_000,
};

/** What a test needs; all of it ends with the test. */
export interface DeviceStage {
  readonly server: ScriptedServer;
  readonly clock: ManualClock;
  readonly deps: Dependencies;
  readonly manager: OAuthManager;
  /** How often the server was asked. */
  polls(): number;
  /** Starts a connect, by default without proof. */
  start(more?: object): ReturnType<OAuthManager['startConnect']>;
  statusOf(connectId: string): Promise<string>;
  /** Lets time pass, and every process poll once. */
  pass(seconds: number, processes?: number): Promise<void>;
}

/** Opens it with the provider `src`, which offers the grant, and `none`, which does not. */
export async function openDeviceStage(kind: StoreKind): Promise<DeviceStage> {
  const server = await startScriptedServer();
  const clock = createManualClock();
  server.answer('/device', { json: device });
  const place = await makePlace(kind);
  const engine =
    place.REDIS_URL === undefined
      ? await openEmbeddedEngine({ dataDir: place.DATA_DIR ?? '', now: clock.now })
      : await openRedisEngine({ url: place.REDIS_URL, keyPrefix: place.KEY_PREFIX ?? '' });
  const http = createHttp({ allowInsecureLoopback: true, now: clock.now });
  const entry = {
    ...entryAt(server.url, { device_authorization_endpoint: `${server.url}/device` }),
    userinfo_endpoint: undefined,
    revocation_endpoint: `${server.url}/revoke`,
  };
  server.answer('/revoke', { status: 200 });
  const providers = createRegistry({ src: entry, none: entryAt(server.url) }, { allowInsecureLoopback: true });
  const store = createStore(engine, Keyring.parse(secrets.encryptionKeys));
  const deps: Dependencies = { store, providers, http, now: clock.now, log: silentLog, settings };
  const manager = new OAuthManager(deps);
  onTestFinished(async () => {
    await manager.close();
    await http.close();
    await server.close();
  });
  return {
    server,
    clock,
    deps,
    manager,
    polls: () => server.requestsTo('/token').length,
    start: (more = {}) => manager.startConnect(user, 'src', { method: 'device', proof: 'none', ...more }),
    statusOf: async (connectId) => (await manager.findConnect(connectId)).status,
    pass: async (seconds, processes = 1) => {
      clock.advance(seconds * 1000);
      await Promise.all(Array.from({ length: processes }, () => new DeviceWorker(deps).round()));
    },
  };
}
