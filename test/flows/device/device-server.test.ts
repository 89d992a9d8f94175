import { expect, onTestFinished, test } from 'vitest';
import type { ProviderEntry } from '../../../providers/index.js';
import { startOidcProvider } from '../../support/authorization-servers.js';
import { approve } from '../../support/browser-walk.js';
import { user } from '../../support/device-stage.js';
import { openService } from '../../support/service.js';

test('a person connects by code at oidc-provider, over HTTP and with the background at work', async () => {
  const { bot, clock: time } = await openService({
    backgroundWork: true,
    variables: { CONNECT_PROOF: 'none', UNSAFE_CONNECT_WITHOUT_PROOF: 'true' },
    providers: async (): Promise<Record<string, ProviderEntry>> => {
      const oidc = await startDeviceServer();
      return { acme: oidc };
    },
  });
  const asked = await bot.call('POST', `/users/${user}/connect/acme`, {
    method: 'device',
    scopes: ['openid', 'email'],
  });
  expect(asked).toMatchObject({ status: 201, body: { user_code: expect.any(String), interval: expect.any(Number) } });
  const { connect_id = '', connect_url = '' } = asked.body;
  await approve(connect_url, 'http://127.0.0.1:9/', { person: 'ada' }).catch((end: unknown) => {
    expect(String(end)).toContain('Sign-in Success');
  });
  time.advance(6_000);
  await expect.poll(async () => (await bot.progress(connect_id)).body.status).toBe('connected');
  expect((await bot.token(user, 'acme')).body.account).toMatchObject({ id: 'ada' });
});

/** Pages of a server, as short as they can be. */
interface PageContext {
  body: string;
}
const deviceFlow = {
  enabled: true,
  userCodeConfirmSource: async (context: PageContext, form: string) => {
    context.body = `${form}<button type="submit" form="op.deviceConfirmForm">Continue</button>`;
  },
  successSource: async (context: PageContext) => {
    context.body = 'Sign-in Success';
  },
};

async function startDeviceServer(): Promise<ProviderEntry> {
  const grant = 'urn:ietf:params:oauth:grant-type:device_code';
  const client = { client_id: 'device-client', client_secret: 'device-client-secret-of-32-characters' };
  const oidc = await startOidcProvider({
    redirectUri: 'http://127.0.0.1:9/callback',
    configuration: {
      clients: [{ ...client, redirect_uris: [], response_types: [], grant_types: [grant, 'refresh_token'] }],
      features: { deviceFlow, devInteractions: { enabled: true } },
    },
  });
  onTestFinished(() => oidc.close());
  return { ...client, issuer: oidc.url };
}
