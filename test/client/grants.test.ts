import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ValetkeyClient } from '../../src/client/index.js';
import { connectAccounts, templateAt } from '../support/connected-accounts.js';
import { device, user } from '../support/device-stage.js';
import { entryAt, startScriptedServer } from '../support/scripted-server.js';
import { openService, secrets } from '../support/service.js';
import { countedTokens } from '../support/sourced-manager.js';
import { unsignedJwt } from '../support/unsigned-jwt.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function openStage() {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  server.answer('/device', { json: device });
  const service = await openService({
    variables: { CONNECT_PROOF: 'none', UNSAFE_CONNECT_WITHOUT_PROOF: 'true' },
    providers: async () => ({
      swap: { ...entryAt(server.url), source: 'token_exchange', subject_token_issuers: ['https://id.example'] },
      tv: entryAt(server.url, { device_authorization_endpoint: `${server.url}/device` }),
      here: templateAt(server.url, 'google'),
    }),
  });
  const client = new ValetkeyClient({ baseUrl: service.address, apiKey: secrets.botKey });
  return { ...service, server, client };
}

const subjectToken = unsignedJwt({ iss: 'https://id.example', sub: 'CANARY' });

/** What a program of a bot sees, in either kind of module. */
const program = `
  const [baseUrl, apiKey, subjectToken, userId] = process.argv.slice(1);
  async function run({ Secret, ValetkeyClient }) {
    const client = new ValetkeyClient({ baseUrl, apiKey });
    const exchanged = await client.exchangeToken('swap', { subjectToken, scopes: ['read'] });
    const started = await client.startConnect(userId, 'tv', { method: 'device' });
    const [first, second] = await client.listUserConnections(userId);
    const ended = await client.deleteToken(userId, 'here', { account: first.account });
    console.log(JSON.stringify({
      guard: await client.requireOAuthToken({ userId, subjectToken: new Secret(subjectToken) }, 'swap'),
      exchanged: exchanged.accessToken.reveal(),
      printed: JSON.stringify(exchanged),
      device: started.device,
      url: started.connectUrl,
      ended,
      second: second.connectionId,
    }));
  }`;

describe('a program that uses the client', () => {
  it.each([
    ['an ES module', 'module', "await run(await import('valetkey/client'));"],
    ['CommonJS', 'commonjs', "run(require('valetkey/client'));"],
  ])(
    'as %s exchanges tokens, starts a device connect and hears what ended',
    async (_title, kind, start) => {
      const { manager, server, address } = await openStage();
      await connectAccounts({ manager, server }, user, [
        { account: 'default', id: 'ada' },
        { account: 'work', id: 'ada' },
      ]);
      const tokens = countedTokens();
      server.answer('/token', (request) => {
        if (request.form.get('grant_type') === 'refresh_token')
          return { status: 400, json: { error: 'invalid_grant' } };
        return typeof tokens === 'function' ? tokens(request) : tokens;
      });
      const input = [`--input-type=${kind}`, '-e', program + start, '--', address, secrets.botKey, subjectToken, user];
      const { stdout } = await promisify(execFile)(process.execPath, input, { cwd: root });
      const seen = JSON.parse(stdout);
      expect(seen).toMatchObject({
        guard: 'at-1',
        exchanged: 'at-1',
        url: device.verification_uri_complete,
        device: {
          userCode: device.user_code,
          verificationUri: device.verification_uri,
          verificationUriComplete: device.verification_uri_complete,
          intervalMs: 5_000,
        },
        ended: { revoked: 'yes', alsoEnded: [seen.second] },
      });
      expect(seen.printed).not.toContain('at-1');
    },
    30_000,
  );
});

describe('an exchange by the client', () => {
  it.each([
    ['an issuer that is not trusted', { subjectToken: 'opaque' }, { code: 'forbidden' }],
    ['an empty subject', { subjectToken: '' }, { code: 'invalid_request', field: 'subject_token' }],
    ['a wider scope', { subjectToken, scopes: ['admin'] }, { code: 'invalid_request', field: 'scopes' }],
    ['another target', { subjectToken, resource: 'https://x.example' }, { code: 'invalid_request', field: 'resource' }],
  ])('for %s is refused as in process', async (_title, options, refusal) => {
    const { client, manager, server } = await openStage();
    await expect(client.exchangeToken('swap', options)).rejects.toMatchObject(refusal);
    await expect(manager.exchangeToken('swap', options)).rejects.toMatchObject(refusal);
    expect(server.requests).toEqual([]);
  });

  it('sends the subject token in a body, never in an address, and once', async () => {
    const { client, server, log } = await openStage();
    server.answer('/token', { status: 503 });
    const swap = client.requireToken(user, 'swap', { subjectToken });
    await expect(swap).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(server.requestsTo('/token')).toHaveLength(1);
    expect(log.join('')).not.toContain(subjectToken);
    await expect(client.requireToken(user, 'swap', { subjectToken, minTtlSeconds: 60 })).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'minTtlSeconds',
    });
  });
});
