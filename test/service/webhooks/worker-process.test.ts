/** `valetkey worker` as a process of its own delivers what services append. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { defaultTenant } from '../../../src/core/identifiers.js';
import { openStore } from '../../../src/open-store.js';
import { makePlace, secrets } from '../../support/service.js';
import { root } from '../../support/source-tree.js';
import { startWebhookReceiver, webhookSecrets } from '../../support/webhook-receiver.js';
import { findFreePort } from '../running.js';
import { happened } from './samples.js';

it('sends webhooks until it is told to end, and says how it is', async () => {
  const { DATA_DIR: dataDir = '' } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir });
  onTestFinished(() => store.close());
  const port = await findFreePort();
  const receiver = await startWebhookReceiver(() => 200);
  const worker = spawn(process.execPath, [join(root, 'dist/src/cli/main.js'), 'worker'], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      DATA_DIR: dataDir,
      ENCRYPTION_KEYS: secrets.encryptionKeys,
      WORKER_PORT: String(port),
      WEBHOOK_URL: receiver.url,
      WEBHOOK_SECRETS: webhookSecrets.join(','),
    },
  });
  onTestFinished(() => void worker.kill('SIGKILL'));
  const ended = once(worker, 'exit');
  const begun = { timeout: 12_000 };
  await expect.poll(() => store.documents.find('webhooks', '.begun'), begun).toBeDefined();
  await store.events.append(defaultTenant, happened('somebody'));
  await expect.poll(() => receiver.taken().map(({ body }) => body.data.user), begun).toEqual(['somebody']);
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const statuses = await Promise.all(
    ['/healthz', '/readyz', '/v1/providers'].map(async (path) => (await ask(path)).status),
  );
  expect(statuses).toEqual([200, 200, 404]);
  const delivered = async () =>
    (await (await ask('/metrics')).text()).includes('valetkey_webhook_duration_seconds_count{outcome="delivered"} 1');
  await expect.poll(delivered, begun).toBe(true);
  worker.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}, 40_000);
