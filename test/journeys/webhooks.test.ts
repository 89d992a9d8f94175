import { describe, expect, it, onTestFinished } from 'vitest';
import { startApprovingProvider } from '../support/approving-provider.js';
import { Person } from '../support/person.js';
import { makePlace, openService, storeKinds } from '../support/service.js';
import { startWebhookReceiver, webhookSecrets } from '../support/webhook-receiver.js';

const user = 'slack:T1:U2';

describe.each(storeKinds)('a receiver of webhooks, on the %s store', (kind) => {
  it('hears within 250 ms of the proof (median of three)', async () => {
    const provider = await startApprovingProvider();
    onTestFinished(() => provider.close());
    const receiver = await startWebhookReceiver();
    const { bot } = await openService({
      place: await makePlace(kind),
      providers: async () => ({ example: provider.entry }),
      variables: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRETS: webhookSecrets.join(',') },
    });
    const delays: number[] = [];
    for (const _ of [1, 2, 3]) {
      const { connectId, connectUrl } = await bot.connect(user, 'example');
      expect((await bot.prove(user, await new Person().connect(connectUrl))).status).toBe(200);
      const provenAt = performance.now();
      const find = () => receiver.taken().find(({ body }) => body.data.connect_id === connectId);
      await expect.poll(find, { interval: 5, timeout: 5000 }).toMatchObject({ body: { type: 'connect.completed' } });
      delays.push((find()?.at ?? Number.POSITIVE_INFINITY) - provenAt);
    }
    expect(delays.sort((one, other) => one - other)[1]).toBeLessThan(250);
    const types = receiver.taken().map(({ body }) => body.type);
    expect(types.slice(0, 3)).toEqual(['connection.created', 'connect.completed', 'connection.updated']);
  });
});
