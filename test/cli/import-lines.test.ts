/** Lines that `valetkey import jsonl` could take for something else than they are. */

import { describe, expect, it } from 'vitest';
import { run } from '../support/command-line.js';
import { report, write } from '../support/operator-store.js';

describe('import jsonl', () => {
  it('refuses what would be taken for something else: a misspelt field, ms for seconds, a time before 1970', async () => {
    const at = { user: 'U1', provider: 'github', access_token: 'canary-a' };
    const path = write(
      'in.jsonl',
      [
        { ...at, refreshToken: 'canary-b' },
        { ...at, 'canary-c.d': 1 },
        { ...at, expires_at: 1_795_000_000_000 },
        { ...at, refresh_expires_at: -1 },
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
    ]);
    expect(report(ended).created).toBe(1);
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
