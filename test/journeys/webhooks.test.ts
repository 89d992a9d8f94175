import { describe, expect, it, onTestFinished } from 'vitest';
import { startApprovingProvider } from '../support/approving-provider.js';
import { Person } from '../support/person.js';
import { makePlace, openService, storeKinds } from '../support/service.js';
import { startWebhookReceiver, webhookSecrets } from '../support/webhook-receiver.js';

const user = 'slack:T1:U2';

describe.each(storeKinds)('a receiver of webhooks, on the %s store', (kind) => {
  it('hears of three proofs, each as it happens', async () => {
    const provider = await startApprovingProvider();
    onTestFinished(() => provider.close());
    const receiver = await startWebhookReceiver();
    const { bot } = await openService({
      place: await makePlace(kind),
      providers: async () => ({ example: provider.entry }),
      variables: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRETS: webhookSecrets.join(',') },
    });
    for (const _ of [1, 2, 3]) {
      const { connectId, connectUrl } = await bot.connect(user, 'example');
      expect((await bot.prove(user, await new Person().connect(connectUrl))).status).toBe(200);
      const find = () => receiver.taken().find(({ body }) => body.data.connect_id === connectId);
      await expect.poll(find, { interval: 5, timeout: 20_000 }).toMatchObject({ body: { type: 'connect.completed' } });
    }
    const types = receiver.taken().map(({ body }) => body.type);
    expect(types.slice(0, 3)).toEqual(['connection.created', 'connect.completed', 'connection.updated']);
  });
});
