import { describe, expect, it } from 'vitest';
import { Person } from '../support/person.js';
import { type StoreKind, storeKinds } from '../support/service.js';
import { openStrictService, type StrictService } from '../support/strict-service.js';

const user = 'slack:T1:U2';

interface Returned extends StrictService {
  readonly person: Person;
  /** Where the provider has sent the person's browser; not opened yet. */
  readonly callback: URL;
}

/** A person who has consented and is about to come back. */
async function openReturned(kind: StoreKind): Promise<Returned> {
  const service = await openStrictService(kind);
  const person = new Person();
  const { connectUrl } = await service.bot.connect(user, 'strict');
  return { ...service, person, callback: await person.consent(connectUrl) };
}

/** The callback with other parameters, or at another path. */
function changed(callback: URL, change: (url: URL) => void): URL {
  const url = new URL(callback);
  change(url);
  return url;
}

/** What must not come through: who opens it, and what it is. */
const forgeries: readonly [name: string, visit: (at: Returned) => Promise<{ status: number }>][] = [
  ['from another browser (L3)', ({ callback }) => new Person().finish(callback)],
  [
    "with another browser's cookie (L5)",
    async ({ callback, bot, person }) => {
      const other = new Person();
      await other.press((await bot.connect('slack:T1:other', 'strict')).connectUrl);
      expect([...other.jar.keys()]).toEqual(expect.arrayContaining(flowCookies(person)));
      return other.finish(callback);
    },
  ],
  [
    'without a state (L4)',
    ({ callback, person }) => person.finish(changed(callback, ({ searchParams }) => searchParams.delete('state'))),
  ],
  [
    'without state and cookie (L4)',
    ({ callback }) => new Person().finish(changed(callback, ({ searchParams }) => searchParams.delete('state'))),
  ],
  [
    "on another provider's path (C1)",
    ({ callback, person }) => {
      for (const name of flowCookies(person))
        person.jar.set(name.replace('strict', 'twin'), person.jar.get(name) ?? '');
      const twin = changed(callback, (url) => {
        url.pathname = url.pathname.replace('strict', 'twin');
      });
      return person.finish(twin);
    },
  ],
  [
    'from another issuer (RFC 9207 2.4)',
    ({ callback, person }) =>
      person.finish(changed(callback, ({ searchParams }) => searchParams.set('iss', 'https://evil.example'))),
  ],
  [
    'without the issuer that the provider promises (RFC 9207 2.4)',
    ({ callback, person }) => person.finish(changed(callback, ({ searchParams }) => searchParams.delete('iss'))),
  ],
  [
    'with two codes (RFC 6749 3.1)',
    ({ callback, person }) => person.finish(changed(callback, ({ searchParams }) => searchParams.append('code', 'x'))),
  ],
  [
    'with two states (RFC 6749 3.1)',
    ({ callback, person }) =>
      person.finish(changed(callback, (url) => url.searchParams.append('state', url.searchParams.get('state') ?? ''))),
  ],
  [
    'with the cookie twice (L5)',
    async ({ callback, person }) => {
      const [name = ''] = flowCookies(person);
      return fetch(callback, { headers: { cookie: `${name}=planted; ${name}=${person.jar.get(name)}` } });
    },
  ],
];

function flowCookies(person: Person): string[] {
  return [...person.jar.keys()].filter((name) => name.startsWith('valetkey_flow_'));
}

describe.each(storeKinds)('a callback, on the %s store', (kind) => {
  it('that is forged is refused before the code is spent, and after all forgeries the right browser finishes', async () => {
    const returned = await openReturned(kind);
    const { bot, strict, person, callback } = returned;
    const cookies = new Map(person.jar);
    const statuses: Record<string, number> = {};
    for (const [name, visit] of forgeries) {
      statuses[name] = (await visit(returned)).status;
      for (const [cookie, value] of cookies) person.jar.set(cookie, value);
    }
    expect(statuses).toEqual(Object.fromEntries(forgeries.map(([name]) => [name, 400])));
    expect(strict.requests('authorization_code')).toHaveLength(0);
    const { code } = await person.finish(callback);
    expect((await bot.prove(user, code)).status).toBe(200);
    expect((await bot.token(user, 'strict')).status).toBe(200);
  });

  it('opened by 50 tabs at once costs one token request (L8)', async () => {
    const { bot, strict, person, callback } = await openReturned(kind);
    const answers = await Promise.all(Array.from({ length: 50 }, () => person.get(callback.href)));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(49);
    expect(strict.requests('authorization_code')).toHaveLength(1);
    const done = await person.finish(
      changed(callback, (url) => {
        url.pathname = '/oauth/strict/done';
        url.search = '';
      }),
    );
    expect((await bot.prove(user, done.code)).status).toBe(200);
  });

  it('of a person who said no fails the connect, and the code page shows no code', async () => {
    const { bot, strict, person, callback } = await openReturned(kind);
    const denied = changed(callback, ({ searchParams }) => {
      searchParams.delete('code');
      searchParams.set('error', 'access_denied');
    });
    const { status, code } = await person.finish(denied);
    expect({ status, code }).toEqual({ status: 303, code: '' });
    expect(strict.requests('authorization_code')).toHaveLength(0);
    expect((await bot.token(user, 'strict')).body.code).toBe('not_connected');
  });
});
