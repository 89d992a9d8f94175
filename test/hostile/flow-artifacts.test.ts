/** flow_artifacts: every one-time value in every slot that is not its own, twice, at once, too late, by the wrong party. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AttackedService,
  asForm,
  asJson,
  bearer,
  expectToStand,
  keys,
  openAttacked,
  type Seen,
  shoot,
} from './attacked-service.js';
import {
  accountLink,
  ask,
  callbackPath,
  enterAccount,
  finish,
  isActive,
  newUser,
  press,
  prove,
  type Returned,
  returnFrom,
} from './hostile-flow.js';
import { expectRows } from './surface.js';

let service: AttackedService;
let values: Awaited<ReturnType<typeof collect>>;

/** One unspent value of every kind, each of a flow of its own. */
async function collect() {
  const returned = await returnFrom(service);
  const done = await returnFrom(service);
  const returnCode = await finish(service, done);
  const visitor = newUser();
  return {
    link: (await ask(service)).link,
    state: returned.state,
    'authorization code': returned.code,
    'flow cookie': returned.cookieValue,
    'cookie of the done page': done.cookieValue,
    'return code': returnCode,
    'connect id': done.connectId,
    'account link': await accountLink(service, visitor),
    session: (await enterAccount(service, visitor)).secret,
    'CSRF token': (await enterAccount(service, visitor)).csrf,
    'access token': [...service.server.requestsTo('/userinfo')].at(-1)?.headers.authorization?.slice(7) ?? '',
    returned,
    done,
  };
}

beforeAll(async () => {
  service = await openAttacked();
  values = await collect();
});
afterAll(() => service.close());

const post = (path: string, fields: Record<string, string>, cookie = '') =>
  shoot(service, {
    method: 'POST',
    path,
    headers: { ...asForm, ...(cookie !== '' && { cookie }) },
    body: new URLSearchParams(fields).toString(),
  });
const somewhere = () => ({ 'x-forwarded-for': `198.51.100.${Math.floor(Math.random() * 254) + 1}` });

/** Where a value can be put, what fits there, and what anything else is answered with. */
const slots: Record<
  string,
  { readonly fits: readonly string[]; readonly status: number; put(value: string): Promise<Seen> }
> = {
  'the landing page': {
    fits: ['link'],
    status: 410,
    put: (value) => shoot(service, { path: `/oauth/scripted?link=${value}` }),
  },
  'the landing form': { fits: ['link'], status: 410, put: (value) => press(service, 'scripted', value) },
  'the state': {
    fits: ['state'],
    status: 410,
    put: (value) =>
      shoot(service, {
        path: `/oauth/scripted/callback?code=x&state=${value}`,
        headers: { cookie: values.returned.cookie },
      }),
  },
  'the flow cookie': {
    fits: ['flow cookie'],
    status: 400,
    put: (value) =>
      shoot(service, {
        path: callbackPath(values.returned, service.server),
        headers: { cookie: `${values.returned.cookieName}=${value}` },
      }),
  },
  'the cookie of the done page': {
    fits: ['cookie of the done page'],
    status: 410,
    put: (value) =>
      shoot(service, { path: '/oauth/scripted/done', headers: { cookie: `${values.done.cookieName}=${value}` } }),
  },
  'the return code': {
    fits: [],
    status: 403,
    put: async (value) => {
      const other = await returnFrom(service);
      await finish(service, other);
      return prove(service, other.user, value);
    },
  },
  'the connect id': {
    fits: ['connect id'],
    status: 404,
    put: (value) => shoot(service, { path: `/v1/connects/${value}`, headers: bearer(keys.bot) }),
  },
  'the connect id of a verification': {
    fits: ['connect id'],
    status: 404,
    put: (value) =>
      shoot(service, {
        method: 'POST',
        path: `/v1/connects/${value}/verify`,
        headers: { ...bearer(keys.bot), ...asJson },
        body: '{"user":"u"}',
      }),
  },
  'the entrance': {
    fits: ['account link'],
    status: 410,
    put: (value) => shoot(service, { path: `/connections/enter?link=${value}` }),
  },
  'the entrance form': {
    fits: ['account link'],
    status: 410,
    put: (value) => post('/connections/enter', { link: value }),
  },
  'the session cookie': {
    fits: ['session'],
    status: 401,
    put: (value) => shoot(service, { path: '/connections', headers: { cookie: `valetkey_session=${value}` } }),
  },
  'the CSRF token': {
    fits: [],
    status: 403,
    put: async (value) => post('/connections/leave', { csrf_token: value }, `valetkey_session=${values.session}`),
  },
  'the credential': {
    fits: [],
    status: 401,
    put: (value) => shoot(service, { path: '/v1/providers', headers: { ...bearer(value), ...somewhere() } }),
  },
};

const kinds = [
  'link',
  'state',
  'authorization code',
  'flow cookie',
  'cookie of the done page',
  'return code',
  'connect id',
  'account link',
  'session',
  'CSRF token',
  'access token',
] as const;
const misfits = Object.entries(slots).flatMap(([slot, { fits, status, put }]) =>
  kinds.filter((kind) => !fits.includes(kind)).map((kind) => ({ kind, slot, status, put })),
);

describe('a one-time value in a slot that is not its own (L6)', () => {
  expectRows('flow_artifacts', misfits);

  it.each(misfits)('is refused: $kind as $slot', async ({ kind, status, put }) => {
    const value = values[kind];
    const redeemed = service.server.requestsTo('/token').length;
    const seen = await put(value);
    expect(seen.status).toBe(status);
    await expectToStand(service, seen, [value]);
    // The slot of the return code makes a flow of its own.
    expect(service.server.requestsTo('/token').length - redeemed).toBeLessThanOrEqual(status === 403 ? 1 : 0);
  });

  it('costs no value its own use', async () => {
    expect((await press(service, 'scripted', values.link)).status).toBe(303);
    expect(await finish(service, values.returned)).not.toBe('');
    expect((await prove(service, values.done.user, values['return code'])).status).toBe(200);
    expect(
      (await shoot(service, { path: '/connections', headers: { cookie: `valetkey_session=${values.session}` } }))
        .status,
    ).toBe(200);
    expect((await post('/connections/enter', { link: values['account link'] })).status).toBe(303);
  });
});

/** Every value that is spent: how to get one, how to spend it, and what the second time is answered with. */
const spendable: Record<
  string,
  {
    get(): Promise<Returned & { value: string }>;
    spend(of: Returned & { value: string }): Promise<Seen>;
    first: number;
    again: number;
  }
> = {
  link: {
    get: async () => ({ ...(await returnFrom(service)), value: (await ask(service)).link }),
    spend: ({ value }) => press(service, 'scripted', value),
    first: 303,
    again: 410,
  },
  state: {
    get: async () => ({ ...(await returnFrom(service)), value: '' }),
    spend: (of) => shoot(service, { path: callbackPath(of, service.server), headers: { cookie: of.cookie } }),
    first: 303,
    again: 410,
  },
  'return code': {
    get: async () => {
      const returned = await returnFrom(service);
      return { ...returned, value: await finish(service, returned) };
    },
    spend: ({ user, value }) => prove(service, user, value),
    first: 200,
    again: 410,
  },
  'account link': {
    get: async () => ({ ...(await returnFrom(service)), value: await accountLink(service, newUser()) }),
    spend: ({ value }) => post('/connections/enter', { link: value }),
    first: 303,
    again: 410,
  },
};
const minutes = 60_000;

describe.each(Object.entries(spendable))('%s', (_kind, { get, spend, first, again }) => {
  it('works once, and not again (L8)', async () => {
    const value = await get();
    expect([(await spend(value)).status, (await spend(value)).status]).toEqual([first, again]);
    await expectToStand(service, await spend(value), [value.value || value.state]);
  });

  it('works for one of twenty at once (L8)', async () => {
    const value = await get();
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => spend(value)))).map(({ status }) => status);
    expect(statuses.filter((status) => status === first)).toHaveLength(1);
    // Twenty tries of a code in a row are more than a person's: some are stopped for that alone.
    expect(new Set(statuses.filter((status) => status !== first))).toSatisfy((others: Set<number>) =>
      [...others].every((status) => status === again || status === 403),
    );
  });

  it('is good for ten minutes, and not for longer (L9)', async () => {
    const [early, late] = [await get(), await get()];
    service.clock.advance(10 * minutes - 1000);
    expect((await spend(early)).status).toBe(first);
    service.clock.advance(1000);
    expect((await spend(late)).status).toBe(again);
  });

  it('that is almost right is worth nothing', async () => {
    const value = await get();
    const change = (text: string) => text.replace(/.$/, (last) => (last === '2' ? '3' : '2'));
    const wrong = await spend({ ...value, value: change(value.value), state: change(value.state) });
    expect([again, 403]).toContain(wrong.status);
    expect((await spend(value)).status).toBe(first);
  });
});

describe('the wrong party', () => {
  it("cannot use another's code, nor see the flow of another tenant, nor finish it", async () => {
    const returned = await returnFrom(service);
    const code = await finish(service, returned);
    const stranger = await returnFrom(service);
    await finish(service, stranger);
    expect((await prove(service, stranger.user, code)).status).toBe(403);
    expect((await prove(service, returned.user, code, keys.foreign)).status).toBe(403);
    expect((await prove(service, returned.user, code, keys.viewer)).status).toBe(403);
    const progress = { path: `/v1/connects/${returned.connectId}`, headers: bearer(keys.foreign) };
    expect((await shoot(service, progress)).status).toBe(404);
    expect([await isActive(service, returned.user), await isActive(service, stranger.user)]).toEqual([false, false]);
    expect((await prove(service, returned.user, code)).status).toBe(200);
  });

  it('in another browser gets no code from the done page, even with the address', async () => {
    const returned = await returnFrom(service);
    await finish(service, returned);
    for (const cookie of ['', `valetkey_flow_twin=${returned.cookieValue}`, `${returned.cookieName}=x`]) {
      const seen = await shoot(service, { path: '/oauth/scripted/done', headers: cookie === '' ? {} : { cookie } });
      expect([seen.status, seen.text.includes('return-code')]).toEqual([410, false]);
    }
  });
});
