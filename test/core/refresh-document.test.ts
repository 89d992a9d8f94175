/** docs/refresh.md says what the code does: each of its rows is run, and its picture has the same transitions. */

import { describe, expect, it } from 'vitest';
import type { Connection, ConnectionState } from '../../src/core/connection.js';
import { GrantRefused, type OAuthManagerError, ProviderError, ProviderUnavailable } from '../../src/core/errors.js';
import type { RefreshReuse } from '../../src/core/provider.js';
import { assess, type LostSending, stateAfterFailure, type Verdict } from '../../src/core/refresh-state.js';
import { readText } from '../support/source-tree.js';
import { bufferMs, connectionIn, hour, start } from './connection-in.js';

const text = readText('docs/refresh.md');

/** The rows of the table below a heading, as cells. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  const rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.slice(1);
}

const verdicts = rowsBelow('What may be done with a connection now');
const transitions = rowsBelow('What a refresh writes');

const refused: ConnectionState = { kind: 'needs_reauthorization', since: start, keepUntil: start, error: 'any' };

const nowOf: Readonly<Record<string, number>> = {
  fresh: start + 1,
  stale: start + hour - bufferMs / 2,
  over: start + hour + 1,
};

/** The connection of a row. */
function connectionOf(record: string, refreshToken: string): Connection {
  return connectionIn({
    refreshToken: refreshToken === 'none' ? null : 'rt-1',
    ...(refreshToken === 'over' && { refreshEndsAfterMs: 1 }),
    ...(record === 'needs_reauthorization' && { state: refused }),
  });
}

/** What is known of the sending of a row, 20 s ago. */
function sendingOf(record: string, now: number): LostSending | undefined {
  if (!record.startsWith('sent')) return undefined;
  const deadline = record.endsWith('may come') ? now + 1 : now;
  return { since: now - 20_000, attempts: record.startsWith('sent twice') ? 2 : 1, deadline };
}

function reusesOf(cell: string): readonly { refreshReuse: RefreshReuse; reuseGraceMs?: number }[] {
  const [kind, side] = cell.split(', ');
  if (kind === 'any') return [{ refreshReuse: 'none' }, { refreshReuse: 'grace' }, { refreshReuse: 'strict' }];
  if (kind !== 'none' && kind !== 'grace' && kind !== 'strict') throw new TypeError(`no such reuse: ${cell}`);
  return [{ refreshReuse: kind, ...(kind === 'grace' && { reuseGraceMs: side === 'outside' ? 30_000 : 60_000 }) }];
}

function nameOf(verdict: Verdict, later: () => Verdict): string {
  const reason = verdict.kind === 'ended' ? `: ${verdict.reason}` : '';
  if (verdict.kind === 'wait' && !verdict.live && verdict.until !== undefined && later().kind === 'refresh') {
    return 'wait, then refresh';
  }
  const served = verdict.kind !== 'fresh' && verdict.live ? ', served meanwhile' : '';
  return `${verdict.kind}${reason}${served}`;
}

describe('docs/refresh.md', () => {
  it.each(verdicts)('a connection %s, access token %s, refresh token %s, reuse %s: %s', (...row) => {
    const [record = '', access = '', refreshToken = '', reuse = '', verdict] = row;
    const now = nowOf[access];
    if (now === undefined) throw new TypeError(`no such access token: ${access}`);
    const tokens = refreshToken === 'any' ? ['usable', 'none', 'over'] : [refreshToken];
    for (const token of tokens) {
      for (const provider of reusesOf(reuse)) {
        const lost = sendingOf(record, now);
        const look = (at: number) =>
          assess(connectionOf(record, token), provider, { now: at, bufferMs }, lost && { ...lost, deadline: now });
        const seen = assess(connectionOf(record, token), provider, { now, bufferMs }, lost);
        const later = () => (record.endsWith('may come') ? seen : look(now + 3_600_000));
        expect(nameOf(seen, later)).toBe(verdict);
      }
    }
  });

  it('has every kind of verdict, and no other', () => {
    const kinds = new Set(verdicts.map(([, , , , verdict = '']) => verdict.split(/[:,]/)[0]));
    const all: Record<Verdict['kind'], true> = { fresh: true, refresh: true, wait: true, ended: true };
    expect([...kinds].sort()).toEqual(Object.keys(all).sort());
  });

  const failures: Readonly<Record<string, OAuthManagerError>> = {
    invalid_grant: new GrantRefused({ provider: 'p', status: 400, oauthError: 'invalid_grant' }),
    'nothing, it may have arrived': new ProviderUnavailable('any', { provider: 'p', reached: 'unknown' }),
    '429 or 503': new ProviderUnavailable('any', { provider: 'p', reached: 'no' }),
    '200 that cannot be read': new ProviderError('any', { provider: 'p', status: 200 }),
    'a 4xx of no known meaning': new ProviderError('any', { provider: 'p', status: 400 }),
    invalid_client: new ProviderError('any', { provider: 'p', misconfigured: true, status: 200 }),
  };

  it.each(transitions.filter(([, what]) => what !== 'tokens'))('%s, %s, reuse %s: %s', (...row) => {
    const [before, what = '', reuse = '', after] = row;
    const failure = failures[what];
    if (failure === undefined) throw new TypeError(`no such answer: ${what}`);
    for (const provider of reusesOf(reuse)) {
      const written = stateAfterFailure(failure, provider, { startedAt: start, attempt: 1, now: start });
      expect(written?.kind ?? before).toBe(after);
    }
  });

  it('shows the same transitions in its picture, and no other', () => {
    const picture = text.split('```mermaid')[1]?.split('```')[0] ?? '';
    const drawn = [...picture.matchAll(/^ {2}(\w+) --> (\w+) : (.+)$/gm)].map(([, from, to, by]) => [from, by, to]);
    const moves = transitions.filter(([from, , , to]) => from !== to);
    const kept = transitions.filter(
      ([from, what, reuse, to]) => from === to && (what === 'tokens' || (from === 'uncertain' && reuse === 'strict')),
    );
    const wanted = [...moves, ...kept].map(([from, what, , to]) => JSON.stringify([from, what, to]));
    wanted.push(JSON.stringify(['needs_reauthorization', 'reconnected', 'active']));
    expect(drawn.map((edge) => JSON.stringify(edge)).sort()).toEqual([...new Set(wanted)].sort());
  });

  it('names every state that a record can have', () => {
    const all: Record<ConnectionState['kind'], true> = { active: true, uncertain: true, needs_reauthorization: true };
    const named = new Set(transitions.flatMap(([from = '', , , to = '']) => [from, to]));
    expect([...named].sort()).toEqual(Object.keys(all).sort());
  });
});
