/** return_to over HTTP: what is refused there says so and repeats nothing. The rows by form stand in test/core/return-to.test.ts. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedService, asJson, attack, bearer, canary, keys, openAttacked, shoot } from './attacked-service.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

const path = '/v1/users/u1/connect/scripted';
const headers = { ...bearer(keys.bot), ...asJson };

const refused: readonly unknown[] = [
  `https://evil.example/${canary}`,
  `//${canary}.example`,
  `/\\${canary}`,
  `/..//${canary}`,
  `/\t/${canary}`,
  `javascript:alert('${canary}')`,
  `data:text/html,${canary}`,
  `https://app.example@${canary}.example`,
  `https://app.example.${canary}`,
  `https://user:${canary}@app.example/`,
  `http://app.example/${canary}`,
  `https://app.example:8443/${canary}`,
  `\u0430pp.example/${canary}`,
  `/a\r\nSet-Cookie: a=${canary}`,
  `${canary}`,
  '',
  `/${canary.repeat(300)}`,
  7,
  null,
  true,
  [`/${canary}`],
  { href: `/${canary}` },
];

describe('return_to', () => {
  it.each(refused)('is refused over HTTP: %j (L16)', async (returnTo) => {
    const body = JSON.stringify({ return_to: returnTo });
    const seen = await attack(
      service,
      { method: 'POST', path, headers, body },
      { status: 400, code: 'invalid_request' },
    );
    expect(seen.field).toBe('return_to');
  });

  it.each(['/connections', 'https://app.example/done?a=b#c'])('is taken over HTTP: %j', async (returnTo) => {
    const body = JSON.stringify({ return_to: returnTo });
    expect((await shoot(service, { method: 'POST', path, headers, body })).status).toBe(201);
  });

  it.each(['return_to', 'returnTo', 'next', 'redirect', 'redirect_uri', 'url', 'continue'])(
    'is never taken from the browser: %s (L16)',
    async (name) => {
      const evil = `${name}=${encodeURIComponent('https://evil.example/')}`;
      for (const page of [
        '/oauth/scripted?link=x',
        '/oauth/scripted/done?',
        '/connections/enter?link=x',
        '/connections?',
      ]) {
        const seen = await shoot(service, { path: `${page}&${evil}` });
        expect(seen.text + JSON.stringify(seen.headers)).not.toContain('evil.example');
      }
    },
  );
});
