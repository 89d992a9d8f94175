/** What passed in whole runs, good and bad, stands in nothing that can be read afterwards: answers, metrics, store, wire of the store. */

import { expect, it, onTestFinished } from 'vitest';
import { Person } from '../support/person.js';
import { entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { dump, findLeaks, issueMarked, monitor, spellings } from '../support/secret-sweep.js';
import { makePlace, type OpenService, openService, secrets, storeKinds } from '../support/service.js';

const user = 'slack:T1:U2';
const clientSecret = 'sweep-client&secret/of 32 characters+';
const adminKey = 'sweep-admin-key-sweep-admin-key-0001';

/** Good, refused, unproven, with provider errors and void grants; everything that was answered beside tokens. */
async function run(service: OpenService, server: ScriptedServer, issued: string[]): Promise<string[]> {
  const { bot, address, clock } = service;
  const seen: string[] = [];
  const keep = async (response: Response) => {
    seen.push(JSON.stringify([...response.headers]) + (await response.text()));
  };
  const asAdmin = async (path: string) =>
    keep(await fetch(address + path, { headers: { authorization: `Bearer ${adminKey}` } }));
  for (const end of ['proven', 'unproven', 'refused'] as const) {
    const person = new Person();
    const { connectUrl, connectId } = await bot.connect(user, 'scripted');
    const link = new URL(connectUrl).searchParams.get('link') ?? '';
    const callback = await person.consent(connectUrl);
    issued.push(link, callback.searchParams.get('state') ?? '', [...person.jar.values()][0] ?? '');
    await keep(await fetch(callback));
    if (end === 'refused')
      server.answer('/token', {
        status: 400,
        json: { error: 'invalid_grant', error_description: callback.searchParams.get('code') },
      });
    const finished = await person.finish(callback);
    // The done page shows the return code, and that alone.
    seen.push(finished.page.replaceAll(finished.code || '\0', ''));
    if (end === 'proven') await bot.prove(user, finished.code);
    await asAdmin(`/v1/connects/${connectId}`);
  }
  const text = `<p>${issued.find((token) => token.startsWith('MARK-refresh'))}</p>`;
  server.answer('/token', { status: 500, text });
  clock.advance(3_600_000);
  seen.push(JSON.stringify((await bot.token(user, 'scripted')).body));
  const paths = [
    '/v1/providers',
    `/v1/users/${encodeURIComponent(user)}/connections`,
    '/v1/audit',
    '/metrics',
    '/openapi.json',
    '/readyz',
    '/connections',
  ];
  for (const path of paths) await asAdmin(path);
  return seen;
}

it.each(storeKinds)(
  'no secret of whole runs stands in any answer, log, metric, record or command, on the %s store (S7, A4)',
  async (kind) => {
    const place = await makePlace(kind);
    const server = await startScriptedServer();
    onTestFinished(() => server.close());
    const issued = issueMarked(server);
    const commands = await monitor(place);
    const identity = { id: 'sub', name: 'name' };
    const entry = entryAt(server.url, { client_secret: clientSecret, identity });
    const variables = { API_KEYS: `journey:bot:${secrets.botKey},ops:admin:${adminKey}` };
    const service = await openService({ place, variables, providers: async () => ({ scripted: entry }) });
    const seen = await run(service, server, issued);
    const canaries = [...new Set([...issued, clientSecret, secrets.botKey, adminKey, secrets.encryptionKeys.slice(3)])];
    expect(canaries.filter((secret) => secret.length < 8)).toEqual([]);
    expect(canaries.filter((secret) => secret.startsWith('MARK-')).length).toBeGreaterThan(6);
    const stored = await dump(place);
    expect(stored.join('').length).toBeGreaterThan(1000);
    if (kind === 'redis') expect(commands.length).toBeGreaterThan(20);
    const leaks = findLeaks({ answers: seen, log: service.log, stored, commands }, canaries);
    expect(leaks).toEqual([]);
  },
);

it('the sweep would see a secret in each of its spellings, also amid other text', () => {
  const secret = 'a secret/with "signs"+ and ünicode';
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const written = [
    ...spellings(secret),
    ...['', 'x', 'xy', 'xyz'].map((before) => base64(`${before}${secret} and more`)),
    Buffer.from(`{"t":"${secret}"}`).toString('base64url'),
  ];
  for (const one of written)
    expect([one, findLeaks({ here: [`… ${one} …`] }, [secret])]).toEqual([one, ['here: a secret/with ']]);
  expect(findLeaks({ here: ['a secret'] }, [secret])).toEqual([]);
});
