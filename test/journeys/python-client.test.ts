/** A client in another language, made from the OpenAPI document alone, goes the whole way with a person. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { Person } from '../support/person.js';
import { writePythonClient } from '../support/python-client.js';
import { secrets } from '../support/service.js';
import { openStrictService } from '../support/strict-service.js';

const user = 'slack:T1:U2/ä';

/** Runs Python lines that end by printing JSON, beside the generated module. */
async function openPython(document: unknown, address: string) {
  const folder = mkdtempSync(join(tmpdir(), 'valetkey-python-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'generated.py'), writePythonClient(document));
  const opening = [
    'import json, sys',
    'sys.path.insert(0, sys.argv[1])',
    'from generated import Client, Problem',
    'client, user = Client(sys.argv[2], sys.argv[3]), sys.argv[4]',
  ];
  return async (lines: readonly string[]): Promise<unknown> => {
    const script = [...opening, ...lines].join('\n');
    const args = ['-B', '-c', script, folder, address, secrets.botKey, user];
    const { stdout } = await promisify(execFile)(process.env.PYTHON_PATH ?? 'python3', args);
    return JSON.parse(stdout);
  };
}

it('is told to connect, proves the person, and gets, lists and gives back a token', async () => {
  const { baseUrl, strict } = await openStrictService('embedded');
  const document = await (await fetch(`${baseUrl}/openapi.json`)).json();
  const python = await openPython(document, baseUrl);
  const refused = await python([
    'try:',
    '    client.get_token(user, "strict")',
    'except Problem as problem:',
    '    print(json.dumps([problem.status, problem.body]))',
  ]);
  expect(refused).toMatchObject([409, { code: 'not_connected', provider: 'strict', who_must_act: 'user' }]);
  const started = await python([
    'print(json.dumps(client.start_connect(user, "strict", body={"scopes": ["openid", "email", "offline_access"]})))',
  ]);
  expect(started).toMatchObject({ proof: 'chat_code', connect_url: expect.stringContaining('/oauth/strict?link=') });
  const { connect_id: id, connect_url: link } = Object(started);
  const code = await new Person().connect(link);
  const seen = await python([
    `proof = client.submit_proof(user, body={"code": "${code}"})`,
    `connect = client.find_connect("${id}", wait=0)`,
    'token = client.get_token(user, "strict", min_ttl=60, x_purpose="a test")',
    'connections = client.list_connections(user)["connections"]',
    'print(json.dumps([proof, connect, token, connections]))',
  ]);
  expect(seen).toMatchObject([
    { status: 'connected', connect_id: id },
    { status: 'connected' },
    { provider: 'strict', token_type: 'Bearer', account: { id: 'ada' } },
    [{ provider: 'strict', status: 'active', has_refresh_token: true }],
  ]);
  const [, , token] = Object(seen);
  expect(await strict.userinfoStatus(token.access_token)).toBe(200);
  const over = await python([
    'ended = client.disconnect(user, "strict")',
    'print(json.dumps([ended, client.list_connections(user)["connections"]]))',
  ]);
  expect(over).toEqual([{ revoked: 'yes' }, []]);
});
