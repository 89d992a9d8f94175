import { describe, expect, it, onTestFinished } from 'vitest';
import { startApprovingProvider } from '../support/approving-provider.js';
import { Person } from '../support/person.js';
import { makePlace, openService, type StoreKind, storeKinds } from '../support/service.js';

const user = 'slack:T1:U2';

/** Programs that open links before people do. */
const previewers = [
  'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
  'TelegramBot (like TwitterBot)',
  'WhatsApp/2.23.20.0',
];

async function openStage(kind: StoreKind) {
  const provider = await startApprovingProvider();
  onTestFinished(() => provider.close());
  const service = await openService({
    place: await makePlace(kind),
    providers: async () => ({ example: provider.entry }),
  });
  return { ...service, provider };
}

describe.each(storeKinds)('a connect link, on the %s store', (kind) => {
  it('still works after 40 fetches by previewers (L7)', async () => {
    const { bot } = await openStage(kind);
    const { connectId, connectUrl } = await bot.connect(user, 'example');
    const fetches = previewers.flatMap((agent) =>
      Array.from({ length: 10 }, (_, index) =>
        fetch(connectUrl, { method: index % 2 === 0 ? 'GET' : 'HEAD', headers: { 'user-agent': agent } }),
      ),
    );
    const answers = await Promise.all(fetches);
    expect(answers).toHaveLength(40);
    expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([]);
    expect((await bot.progress(connectId)).body.status).toBe('pending');
    const proof = await bot.prove(user, await new Person().connect(connectUrl));
    expect(proof.status).toBe(200);
    expect((await bot.token(user, 'example')).status).toBe(200);
  });

  it('is gone after the first Continue, and says so in plain words (L8)', async () => {
    const { bot } = await openStage(kind);
    const { connectUrl } = await bot.connect(user, 'example');
    expect((await new Person().press(connectUrl)).status).toBe(303);
    const again = await new Person().press(connectUrl);
    expect(again.status).toBe(410);
    expect(again.headers.getSetCookie()).toEqual([]);
    expect((await new Person().get(connectUrl)).status).toBe(410);
  });

  it('starts exactly one flow however many press Continue at once (L8)', async () => {
    const { bot, provider } = await openStage(kind);
    const { connectUrl } = await bot.connect(user, 'example');
    const people = Array.from({ length: 50 }, () => new Person());
    const answers = await Promise.all(people.map((person) => person.press(connectUrl)));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(49);
    const first = answers.findIndex(({ status }) => status === 303);
    const toProvider = await fetch(answers[first]?.headers.get('location') ?? '', { redirect: 'manual' });
    const finish = await people[first]?.finish(toProvider.headers.get('location') ?? '');
    expect((await bot.prove(user, finish?.code ?? '')).status).toBe(200);
    expect(provider.counts.token).toBe(1);
  });
});

it('a connect link ends with its time, here by the clock that the embedded store goes by', async () => {
  const { bot, clock } = await openStage('embedded');
  const { connectId, connectUrl } = await bot.connect(user, 'example');
  clock.advance(600_000);
  expect((await new Person().press(connectUrl)).status).toBe(410);
  expect((await bot.progress(connectId)).body.status).toBe('expired');
});
