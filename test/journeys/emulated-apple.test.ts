import { generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { startEmulate } from '../support/authorization-servers.js';
import { open, submitForm } from '../support/browser-walk.js';
import { Person } from '../support/person.js';
import { startScriptedServer } from '../support/scripted-server.js';
import { makePlace, type OpenService, openService } from '../support/service.js';
import { forwardTo } from '../support/token-relay.js';

const user = 'slack:T1:ada';
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** The service with Apple as emulate plays it, and what reached its token endpoint. */
async function openAtApple() {
  const relay = await startScriptedServer();
  onTestFinished(() => relay.close());
  const service = await openService({
    place: await makePlace('embedded'),
    providers: async (callback) => {
      const server = await startEmulate('apple', callback('apple'));
      onTestFinished(() => server.close());
      relay.answer('/token', (request) => forwardTo(server.entry.token_endpoint ?? '', request));
      const { client_secret, ...entry } = server.entry;
      return {
        apple: {
          ...entry,
          token_endpoint: `${relay.url}/token`,
          client_private_key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          client_key_id: 'KEY1',
          client_key_issuer: 'TEAM1',
        },
      };
    },
  });
  return { service, forms: () => relay.requestsTo('/token').map(({ form }) => form) };
}

/** From the link to the return code: Apple posts its answer from its own site, where the flow cookie does not go along. */
async function connect({ bot }: OpenService) {
  const person = new Person();
  const { connectUrl } = await bot.connect(user, 'apple');
  const authorizationUrl = (await person.press(connectUrl)).headers.get('location') ?? '';
  const choice = submitForm(await (await person.get(authorizationUrl)).text(), authorizationUrl, 'ada@example.com');
  const posting = submitForm(await (await open(choice, new Map())).text(), choice.url, 'ada');
  const page = await open(posting, new Map());
  const back = await open(submitForm(await page.text(), posting.url, 'ada'), person.jar);
  const { code } = await person.finish(new URL(back.headers.get('location') ?? '', posting.url));
  return { authorizationUrl: new URL(authorizationUrl), posting, proof: await bot.prove(user, code) };
}

it('apple, by its template: a posted answer, a signed client secret, the name of the first consent', async () => {
  const { service, forms } = await openAtApple();
  const { authorizationUrl, posting, proof } = await connect(service);
  expect(Object.fromEntries(authorizationUrl.searchParams)).toMatchObject({
    response_mode: 'form_post',
    scope: 'name email',
    code_challenge_method: 'S256',
  });
  expect([...posting.body.keys()]).toEqual(['code', 'state', 'user']);
  expect(proof.body).toMatchObject({ status: 'connected', provider: 'apple' });

  const first = await service.bot.token(user, 'apple');
  expect(first.body.account).toEqual({ id: expect.any(String), name: 'Ada Lovelace', email: 'ada@example.com' });
  const secret = forms()[0]?.get('client_secret') ?? '';
  expect(decodeProtectedHeader(secret)).toMatchObject({ alg: 'ES256', kid: 'KEY1' });
  const { payload } = await jwtVerify(secret, keys.publicKey, {
    audience: 'https://appleid.apple.com',
    issuer: 'TEAM1',
    subject: 'emulated-apple',
    currentDate: new Date(service.clock.now()),
  });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(300);

  // A refresh brings no new refresh token, and no identity.
  service.clock.advance(3_600_000);
  const second = await service.bot.token(user, 'apple');
  expect(second.body.access_token).not.toBe(first.body.access_token);
  expect(second.body.account).toEqual(first.body.account);
  expect(forms().map((form) => form.get('grant_type'))).toEqual(['authorization_code', 'refresh_token']);
  expect((await service.bot.disconnect(user, 'apple')).body).toMatchObject({ revoked: 'yes' });
});

it('apple, at a later consent: no name comes, and none is made up', async () => {
  const { service } = await openAtApple();
  await connect(service);
  await service.bot.disconnect(user, 'apple');
  await connect(service);
  const { account } = (await service.bot.token(user, 'apple')).body;
  expect(account).toEqual({ id: expect.any(String), email: 'ada@example.com' });
});
