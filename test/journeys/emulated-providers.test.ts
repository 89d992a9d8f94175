import { describe, expect, it, onTestFinished } from 'vitest';
import { type EmulatedService, startEmulate } from '../support/authorization-servers.js';
import { Person } from '../support/person.js';
import { startScriptedServer } from '../support/scripted-server.js';
import { makePlace, type OpenService, openService, storeKinds } from '../support/service.js';
import { forwardTo } from '../support/token-relay.js';

const user = 'slack:T1:ada';

/** The service with one emulated provider, connected, and the refresh tokens that were sent and came. */
async function openConnected(kind: (typeof storeKinds)[number], id: EmulatedService) {
  const relay = await startScriptedServer();
  const answers: string[] = [];
  const service = await openService({
    place: await makePlace(kind),
    providers: async (callback) => {
      const server = await startEmulate(id, callback(id));
      onTestFinished(() => server.close());
      relay.answer('/token', async (request) => {
        const answer = await forwardTo(server.entry.token_endpoint ?? '', request);
        answers.push(String(answer.text));
        return answer;
      });
      return { [id]: { ...server.entry, token_endpoint: `${relay.url}/token` } };
    },
  });
  onTestFinished(() => relay.close());
  await connect(service, id);
  const sentRefreshTokens = () => relay.requestsTo('/token').flatMap(({ form }) => form.get('refresh_token') ?? []);
  return { ...service, sentRefreshTokens, received: () => answers.map((answer) => readRefreshToken(answer)) };
}

async function connect({ bot }: OpenService, id: EmulatedService): Promise<void> {
  const { connectUrl } = await bot.connect(user, id);
  const proof = await bot.prove(user, await new Person().connect(connectUrl));
  expect(proof.body).toMatchObject({ status: 'connected', provider: id });
}

function readRefreshToken(answer: string): string | undefined {
  return JSON.parse(answer).refresh_token;
}

describe.each(storeKinds)('through the real templates, on the %s store', (kind) => {
  it('GitHub: a token without end, and the account by number, name and address', async () => {
    const { bot, clock } = await openConnected(kind, 'github');
    const { body } = await bot.token(user, 'github');
    expect(body).toMatchObject({ expires_at: null, scopes: ['read:user', 'user:email'] });
    expect(body.account?.id).toMatch(/^\d+$/);
    expect(body.account).toMatchObject({ name: 'Ada Lovelace', email: 'ada@example.com' });
    clock.advance(365 * 86_400_000);
    expect((await bot.token(user, 'github')).body.access_token).toBe(body.access_token);
  });

  it('Google: the first refresh token stays in force, since a refresh brings none', async () => {
    const { bot, clock, sentRefreshTokens, received } = await openConnected(kind, 'google');
    const first = await bot.token(user, 'google');
    expect(first.body.account).toMatchObject({ name: 'Ada Lovelace', email: 'ada@example.com' });
    clock.advance(3_600_000);
    const second = await bot.token(user, 'google');
    clock.advance(3_600_000);
    const third = await bot.token(user, 'google');
    expect(new Set([first, second, third].map(({ body }) => body.access_token)).size).toBe(3);
    const [issued] = received();
    expect(received()).toEqual([issued, undefined, undefined]);
    expect(sentRefreshTokens()).toEqual([issued, issued]);
    expect((await bot.disconnect(user, 'google')).body).toMatchObject({ revoked: 'yes' });
  });

  it('Microsoft: each refresh brings the refresh token that the next one sends', async () => {
    const { bot, clock, sentRefreshTokens, received } = await openConnected(kind, 'microsoft');
    const first = await bot.token(user, 'microsoft');
    expect(first.body.account?.id).toMatch(/^[0-9a-f-]{36}:[0-9a-f-]{36}$/);
    expect(first.body.account).toMatchObject({ name: 'Ada Lovelace', email: 'ada@example.com' });
    clock.advance(3_600_000);
    expect((await bot.token(user, 'microsoft')).status).toBe(200);
    clock.advance(3_600_000);
    expect((await bot.token(user, 'microsoft')).status).toBe(200);
    const [one, two, three] = received();
    expect(sentRefreshTokens()).toEqual([one, two]);
    expect(new Set([one, two, three]).size).toBe(3);
    expect((await bot.disconnect(user, 'microsoft')).body).toMatchObject({ revoked: 'unsupported' });
  });
});
