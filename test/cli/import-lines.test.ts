/** Lines that `valetkey import jsonl` could take for something else than they are. */

import { writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { internalTenant } from '../../src/core/identifiers.js';
import { run } from '../support/command-line.js';
import { connectionsOf, report, write } from '../support/operator-store.js';

describe('import jsonl', () => {
  it('refuses what would be taken for something else: a misspelt field, ms for seconds, a time before 1970, our own tenant', async () => {
    const at = { user: 'U1', provider: 'github', access_token: 'canary-a' };
    const path = write(
      'in.jsonl',
      [
        { ...at, refreshToken: 'canary-b' },
        { ...at, 'canary-c.d': 1 },
        { ...at, expires_at: 1_795_000_000_000 },
        { ...at, refresh_expires_at: -1 },
        { ...at, tenant: internalTenant },
        { ...at, user: 'U5', expires_at: 99_999_999_999 },
      ]
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
    const ended = await run(`import jsonl ${path} --json`);
    expect(ended.out + ended.err).not.toContain('canary');
    const problems = report(ended).refused.map(({ problem }: { problem: string }) => problem);
    expect(problems).toEqual([
      'unknown field: refreshToken',
      'unknown field: (no word)',
      'not of the expected form: expires_at',
      'not of the expected form: refresh_expires_at',
      'not of the expected form: tenant',
    ]);
    expect(report(ended).created).toBe(1);
  });

  it('refuses --users with a misspelt field: its users would go to another tenant', async () => {
    const users = write('users.json', { old: { user: 'new', tenat: 'acme' } });
    const lines = write('in.jsonl', [{ user: 'old', provider: 'github', access_token: 'a' }]);
    const ended = await run(`import jsonl ${lines} --users ${users}`);
    expect(ended).toMatchObject({ status: 1, err: '--users: is not JSON of the expected form.' });
    expect(await connectionsOf('new')).toEqual([]);
  });

  it('takes null for what is absent, as a row of a table has it', async () => {
    const at = { provider: 'github', access_token: 'a' };
    const lines = [
      { ...at, user: 'U1', tenant: null, account: null, identity: null, parameters: null, connected_at: null },
      { ...at, user: 'U2', identity: { id: '4711', name: null, email: null } },
    ];
    expect(report(await run(`import jsonl ${write('in.jsonl', lines)} --json`))).toMatchObject({
      created: 2,
      refused: [],
    });
    expect(await connectionsOf('U1')).toMatchObject([{ account: 'default', tenant: 'default' }]);
    expect((await connectionsOf('U2'))[0]?.identity).toEqual({ id: '4711' });
  });

  it('refuses a connection that does not say at which host its customer is: nobody could ever have its token', async () => {
    vi.stubEnv('SHOPIFY_CLIENT_ID', 'c');
    vi.stubEnv('SHOPIFY_CLIENT_SECRET', 's');
    const at = { provider: 'shopify', access_token: 'a' };
    const lines = [
      { ...at, user: 'U1' },
      { ...at, user: 'U2', parameters: { shop: 'canary.example/' } },
      { ...at, user: 'U3', parameters: { shop: 'flowers' } },
    ];
    const ended = await run(`import jsonl ${write('in.jsonl', lines)} --json`);
    expect(ended.out + ended.err).not.toContain('canary');
    expect(report(ended)).toMatchObject({
      created: 1,
      refused: [
        { problem: 'parameters.shop: is required by shopify' },
        { problem: 'parameters.shop: is not of the form that is expected' },
      ],
    });
    expect(await connectionsOf('U3')).toMatchObject([{ parameters: { shop: 'flowers' } }]);
  });

  it.each([
    ['a byte order mark before it', '\ufeff{"user":"U1","provider":"github","access_token":"a"}', []],
    ['a broken first line', '{"user":\n{"user":"U1","provider":"github","access_token":"a"}', ['line 1']],
  ])('reads lines with %s', async (_, start, refused) => {
    const rest = '{"user":"U2","provider":"github","access_token":"a"}\n';
    const ended = report(await run(`import jsonl ${write('in.jsonl', `${start}\n${rest}`)} --json`));
    expect(ended.created).toBe(2);
    expect(ended.refused.map(({ where }: { where: string }) => where)).toEqual(refused);
  });
});

describe('a file that is no UTF-8 text', () => {
  const line = '{"user":"U1","provider":"github","access_token":"secret-é"}\n';
  const problem = 'not UTF-8 text; save the file as that';
  const importBytes = async (bytes: Buffer) => {
    const path = write('in.jsonl', '');
    writeFileSync(path, bytes);
    const { status, out } = await run(`import jsonl ${path} --json`);
    return { status, ...JSON.parse(out) };
  };

  it('is refused line by line: the letters of another code would be replaced within tokens', async () => {
    const ended = await importBytes(Buffer.concat([Buffer.from(line), Buffer.from(line, 'latin1')]));
    expect(ended).toMatchObject({ status: 1, created: 1, refused: [{ where: 'line 2', problem }] });
  });

  it('is refused as a document, too', async () => {
    const ended = await importBytes(Buffer.from(`[\n${line}]`, 'latin1'));
    expect(ended).toMatchObject({ status: 1, created: 0, refused: [{ where: 'line 2', problem }] });
  });

  it.each([
    ['with a mark', '\ufeff'],
    ['without a mark', ''],
  ])('is named as such when it is UTF-16 %s', async (_, mark) => {
    const ended = await importBytes(Buffer.from(`${mark}${line}`, 'utf16le'));
    expect(ended).toMatchObject({ status: 1, created: 0 });
    expect(ended.refused[0]).toEqual({ where: 'line 1', problem });
  });
});
