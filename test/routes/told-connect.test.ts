/** To whom the id of a connect is told where the host's own session is the proof; the whole way: test/hostile/verifier.test.ts. */

import { expect, it } from 'vitest';
import { toldTo } from '../../routes/told-connect.js';
import { defaultTenant } from '../../src/core/identifiers.js';

const started = {
  connectId: 'cn_1',
  connectUrl: 'https://valetkey.example/',
  expiresAt: 1,
  proof: 'app_verifier',
} as const;
const device = {
  userCode: 'A',
  verificationUri: 'https://as.example/',
  verificationUriComplete: undefined,
  intervalMs: 1,
};

it.each([
  ['a person, of a browser', 'user', started, ''],
  ['a person, of a device: no browser brings it to the host', 'user', { ...started, device }, 'cn_1'],
  ['a person, by another proof', 'user', { ...started, proof: 'chat_code' }, 'cn_1'],
  ['a bot', 'bot', started, 'cn_1'],
] as const)('%s', (_title, role, connect, told) => {
  expect(toldTo({ id: 'x', role, tenant: defaultTenant }, connect)).toEqual({ ...connect, connectId: told });
});
