/** What `/metrics` tells after a journey: every figure moves, and no label names a user. */

import { expect, it, onTestFinished } from 'vitest';
import { makeDataDir, readCode, startRunning } from './running.js';

it('counts a connect and a forced refresh by provider, times store and seals, and names nobody', async () => {
  const made = makeDataDir();
  const running = await startRunning(made.path);
  onTestFinished(async () => {
    await running.close();
    made.remove();
  });
  const user = 'canary-user';
  const started = await running.call('POST', `/v1/users/${user}/connect/sandbox`);
  const page = await running.walk(String(started.body.connect_url), 'ada');
  expect((await running.call('POST', `/v1/users/${user}/proof`, { code: readCode(page) })).status).toBe(200);
  const token = String((await running.call('GET', `/v1/users/${user}/tokens/sandbox`)).body.access_token);
  const rejected = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('hex');
  const refresh = await running.call('POST', `/v1/users/${user}/tokens/sandbox/refresh`, {
    rejected_token_sha256: rejected,
  });
  expect(refresh.status).toBe(200);

  const { body } = await running.app.inject('/metrics');
  const valueAt = (line: RegExp) => Number(new RegExp(`^${line.source} (\\S+)$`, 'm').exec(body)?.[1]);
  expect(valueAt(/valetkey_refresh_duration_seconds_count\{provider="sandbox",outcome="ok"\}/)).toBe(1);
  expect(valueAt(/valetkey_store_duration_seconds_count\{operation="writeFields",outcome="ok"\}/)).toBeGreaterThan(0);
  expect(valueAt(/valetkey_seal_duration_seconds_count\{operation="seal"\}/)).toBeGreaterThan(0);
  expect(valueAt(/valetkey_seal_duration_seconds_count\{operation="open"\}/)).toBeGreaterThan(0);
  expect(valueAt(/valetkey_connection_changes_total\{type="connection.created",provider="sandbox"\}/)).toBe(1);
  expect(body).toContain('# TYPE valetkey_provider_circuit_open gauge');
  for (const secret of [user, token]) expect(body).not.toContain(secret);
});
