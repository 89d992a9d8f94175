/** A manager on either store, with token sources at a scripted server and its own clock. */

import { onTestFinished } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { silentLog } from '../../src/core/log.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { type ManagerOptions, openManager } from '../../src/open-manager.js';
import { createManualClock, type ManualClock } from './clock.js';
import { type Answerer, entryAt, type ScriptedServer, startScriptedServer } from './scripted-server.js';
import { makePlace, type StoreKind, secrets } from './service.js';

/** What a test needs; all of it ends with the test. */
export interface SourcedManager {
  readonly manager: OAuthManager;
  readonly server: ScriptedServer;
  readonly clock: ManualClock;
  /** Each warning and error that was logged, as text. */
  readonly logged: string[];
  readonly options: ManagerOptions;
  /** The forms that the token endpoint received. */
  forms(): Record<string, string>[];
  /** Another manager on the same store, like another process of the deployment. */
  openAnother(more?: Partial<ManagerOptions>): Promise<OAuthManager>;
}

/** Opens it with one provider `src`; `entry` is merged over the scripted one. By default on the embedded store. */
export async function openSourced(
  entry: Partial<ProviderEntry>,
  more: Partial<ManagerOptions> = {},
  kind: StoreKind = 'embedded',
): Promise<SourcedManager> {
  const server = await startScriptedServer();
  const { DATA_DIR: dataDir, REDIS_URL: redisUrl, KEY_PREFIX: keyPrefix } = await makePlace(kind);
  const clock = createManualClock();
  const logged: string[] = [];
  const note = (fields: object, message: string) => void logged.push(JSON.stringify({ ...fields, message }));
  const options: ManagerOptions = {
    baseUrl: 'http://127.0.0.1:9',
    encryptionKeys: secrets.encryptionKeys,
    dataDir,
    redisUrl,
    keyPrefix,
    allowInsecureLoopbackProviders: true,
    backgroundWork: false,
    now: clock.now,
    log: { ...silentLog, warn: note, error: note },
    providers: { src: entryAt(server.url, entry) },
    ...more,
  };
  const opened: OAuthManager[] = [];
  const open = async (also: Partial<ManagerOptions> = {}) => {
    const manager = await openManager({ ...options, ...also });
    opened.push(manager);
    return manager;
  };
  onTestFinished(async () => {
    await Promise.all(opened.map((manager) => manager.close()));
    await server.close();
  });
  const forms = () => server.requestsTo('/token').map(({ form }) => Object.fromEntries(form));
  return { manager: await open(), server, clock, logged, options, forms, openAnother: open };
}

/** A token endpoint that issues `at-1`, `at-2`, … with these further fields. */
export function countedTokens(fields: Readonly<Record<string, unknown>> = {}): Answerer {
  let count = 0;
  return () => {
    count += 1;
    return { json: { access_token: `at-${count}`, token_type: 'Bearer', expires_in: 3600, ...fields } };
  };
}
