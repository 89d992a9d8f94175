import { expect, it } from 'vitest';
import { Person } from '../support/person.js';
import { secrets, storeKinds } from '../support/service.js';
import { openStrictService, type StrictService } from '../support/strict-service.js';

const user = 'slack:T1:U2';
const clientSecret = 'log-sweep client&secret/32 characters+';

/** What passed in one journey that no log may show, by name. */
type Canaries = Map<string, string>;

/** The ways in which a secret could stand in a line. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const encoded = encodeURIComponent(secret);
  return [secret, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex'), encoded].concat(
    JSON.stringify(secret).slice(1, -1),
    encoded.replaceAll('%20', '+'),
  );
}

function findLeaks(lines: readonly string[], canaries: Canaries): string[] {
  const text = lines.join('\n');
  return [...canaries]
    .filter(([, secret]) => spellings(secret).some((each) => text.includes(each)))
    .map(([name]) => name);
}

/** Everything that the service may have seen of one person, well and badly used. */
async function walk({ bot, address, clock, strict }: StrictService): Promise<Canaries> {
  const person = new Person();
  const { connectUrl } = await bot.connect(user, 'strict');
  const callback = await person.consent(connectUrl);
  const canaries: Canaries = new Map([
    ['bot key', secrets.botKey],
    ['encryption key', secrets.encryptionKeys.slice('k1:'.length)],
    ['client secret', clientSecret],
    ['link code', new URL(connectUrl).searchParams.get('link') ?? ''],
    ['state', callback.searchParams.get('state') ?? ''],
    ['authorization code', callback.searchParams.get('code') ?? ''],
    ['cookie', person.jar.get('valetkey_flow_strict') ?? ''],
  ]);
  await misuse(address, callback, connectUrl);
  const { code } = await person.finish(callback);
  canaries.set('return code', code);
  await bot.prove('slack:T1:other', code);
  await bot.prove(user, code);
  await bot.token(user, 'strict');
  clock.advance(3_600_000);
  await bot.token(user, 'strict');
  const hostile = { text: `<p>${strict.answers.at(-1)}</p>`, headers: { 'content-type': 'text/html' } };
  strict.relay.answer('/token', hostile);
  clock.advance(3_600_000);
  await bot.token(user, 'strict');
  await bot.disconnect(user, 'strict');
  for (const [index, { form }] of strict.relay.requestsTo('/token').entries()) {
    const verifier = form.get('code_verifier');
    if (verifier !== null) canaries.set(`code verifier ${index}`, verifier);
  }
  for (const [index, answer] of strict.answers.entries()) {
    const { access_token, refresh_token, id_token } = JSON.parse(answer);
    const tokens = { access_token, refresh_token, id_token };
    for (const [name, token] of Object.entries(tokens)) if (token) canaries.set(`${name} ${index}`, token);
  }
  return canaries;
}

/** Requests that fail, with secrets where they do not belong. */
async function misuse(address: string, callback: URL, connectUrl: string): Promise<void> {
  const { search } = callback;
  const code = callback.searchParams.get('code') ?? '';
  await new Person().finish(callback);
  await fetch(`${address}/oauth/strict/nowhere/${code}${search}`);
  await fetch(`${address}/oauth/unknown/callback${search}`);
  await fetch(`${connectUrl}&link=again`);
  await fetch(`${address}/v1/users/u/tokens/strict${search}`, { headers: { authorization: `Bearer ${code}` } });
  const headers = { authorization: `Bearer ${secrets.botKey}`, 'content-type': 'application/json' };
  await fetch(`${address}/v1/users/u/proof`, { method: 'POST', headers, body: `{"code": "${code}` });
  await fetch(`${address}/v1/users/u/proof`, { method: 'POST', headers, body: JSON.stringify({ [code]: code }) });
}

it.each(storeKinds)('no line of the log shows a secret of a whole journey, on the %s store (L17)', async (kind) => {
  const service = await openStrictService(kind, { clientSecret });
  const canaries = await walk(service);
  expect([...canaries].filter(([, secret]) => secret.length < 8)).toEqual([]);
  expect([...canaries.keys()]).toEqual(
    expect.arrayContaining(['code verifier 0', 'refresh_token 0', 'access_token 1']),
  );
  expect(service.log.join('')).toContain('"route":"/oauth/:provider/callback","status":303');
  expect(findLeaks(service.log, canaries)).toEqual([]);
});

it('the sweep would see a secret in each of its spellings', () => {
  const canaries: Canaries = new Map([['it', 'a secret/with "signs"+']]);
  for (const spelling of spellings('a secret/with "signs"+')) {
    expect(findLeaks(['{"level":30}', `{"text":"… ${spelling} …"}`], canaries)).toEqual(['it']);
  }
});
