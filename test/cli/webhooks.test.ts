import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { defaultTenant } from '../../src/core/identifiers.js';
import { openStore } from '../../src/open-store.js';
import { makeDataDir } from '../service/running.js';
import { happened } from '../service/webhooks/samples.js';
import { run } from '../support/command-line.js';
import { secrets } from '../support/service.js';
import { startWebhookReceiver, webhookSecrets } from '../support/webhook-receiver.js';

let dataDir: string;

beforeEach(() => {
  const made = makeDataDir();
  dataDir = made.path;
  onTestFinished(() => {
    made.remove();
    process.exitCode = undefined;
    vi.unstubAllEnvs();
  });
  vi.stubEnv('DATA_DIR', dataDir);
  vi.stubEnv('BASE_URL', 'http://localhost:3999');
  vi.stubEnv('ENCRYPTION_KEYS', secrets.encryptionKeys);
});

/** Three events, the middle one not for subscribers; answers their ids. */
async function makeEvents(): Promise<string[]> {
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir });
  const events = [happened('a'), happened('b'), happened('c', 'connect.progressed'), happened('d')];
  const ids: string[] = [];
  for (const event of events) ids.push(await store.events.append(defaultTenant, event));
  await store.close();
  return ids;
}

describe('valetkey webhooks', () => {
  it('replay sends an event and those after it, with the same ids each time', async () => {
    const [, second = ''] = await makeEvents();
    const receiver = await startWebhookReceiver();
    vi.stubEnv('WEBHOOK_URL', receiver.url);
    vi.stubEnv('WEBHOOK_SECRETS', webhookSecrets.join(','));
    const first = await run(`webhooks replay --since ${second} --json`);
    expect(first.status).toBe(0);
    expect(receiver.received.map(({ body }) => body.data.user)).toEqual(['b', 'd']);
    expect(JSON.parse(first.out.split('\n')[0] ?? '')).toMatchObject({
      event_id: second,
      outcome: 'delivered',
      status: 204,
    });
    await run(`webhooks replay --since ${second}`);
    const [one, two, three, four] = receiver.received.map(({ id }) => id);
    expect([three, four]).toEqual([one, two]);
  });

  it('replay ends with 1 when something was not taken, or there is no such event, or no receiver', async () => {
    const [first = ''] = await makeEvents();
    expect(await run(`webhooks replay --since ${first}`)).toMatchObject({
      status: 1,
      err: expect.stringContaining('WEBHOOK_URL'),
    });
    const receiver = await startWebhookReceiver((index) => (index === 1 ? 500 : 200));
    vi.stubEnv('WEBHOOK_URL', receiver.url);
    vi.stubEnv('WEBHOOK_SECRETS', webhookSecrets.join(','));
    expect(await run(`webhooks replay --since ${first}`)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^1 of/),
    });
    expect(receiver.received).toHaveLength(3);
    expect(await run('webhooks replay --since nothing')).toMatchObject({
      status: 1,
      err: expect.stringContaining('No event'),
    });
    expect((await run('webhooks replay')).status).toBe(2);
  });

  it('goes to an address with a key in the query, which may stand in a file and is not printed', async () => {
    const [first = ''] = await makeEvents();
    const receiver = await startWebhookReceiver();
    const file = join(dataDir, 'webhook-url');
    writeFileSync(file, `${receiver.url}?code=CANARY%3D\n`);
    vi.stubEnv('WEBHOOK_URL_FILE', file);
    vi.stubEnv('WEBHOOK_SECRETS', webhookSecrets.join(','));
    const { status, out, err } = await run(`webhooks replay --since ${first} --json`);
    expect([status, receiver.received.map(({ target }) => target)]).toEqual([0, Array(3).fill('/hook?code=CANARY%3D')]);
    expect(out + err).not.toContain('CANARY');
  });

  it('list is empty before the first delivery', async () => {
    await makeEvents();
    expect(await run('webhooks list')).toMatchObject({ status: 0, out: '' });
    expect((await run('webhooks list --tenant !')).status).toBe(2);
  });
});

describe('WEBHOOK_URL and WEBHOOK_SECRETS', () => {
  it.each([
    [{ WEBHOOK_URL: 'http://public.example/hook' }, /WEBHOOK_URL: must be https[\s\S]*WEBHOOK_SECRETS: is required/],
    [{ WEBHOOK_SECRETS: webhookSecrets[0] ?? '' }, /WEBHOOK_URL: is required/],
    [
      { WEBHOOK_URL: 'https://a.example/h', WEBHOOK_SECRETS: 'CANARY' },
      /WEBHOOK_SECRETS: each must be whsec_(?![\s\S]*CANARY)/,
    ],
    [{ WEBHOOK_URL: 'https://a.example/h', WEBHOOK_SECRETS: 'whsec_c2hvcnQ=' }, /WEBHOOK_SECRETS: each must hold 24/],
  ])('are checked before the start: %j', async (variables, fault) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    expect(await run('webhooks list')).toMatchObject({ status: 78, err: expect.stringMatching(fault) });
  });
});
