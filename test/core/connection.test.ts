/** What a connection's record says about its condition, and how its generations move. */

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  type Connection,
  type ConnectionState,
  type ConnectionStatus,
  connectionSchema,
  nextGeneration,
  refOf,
  secretText,
  statusOf,
} from '../../src/core/connection.js';
import { Secret } from '../../src/core/secret.js';

const now = Date.UTC(2026, 0, 1);
const hour = 3_600_000;

/** As it would be read from a sealed record; times in ms from now, `undefined` = none. */
interface Condition {
  readonly expiresIn?: number;
  readonly refreshToken?: string;
  readonly refreshExpiresIn?: number;
  readonly state?: ConnectionState;
}

function connectionIn(condition: Condition): Connection {
  const at = (offset: number | undefined) => (offset === undefined ? undefined : now + offset);
  return connectionSchema.decode({
    connectionId: 'co_1',
    tenant: 'acme',
    userId: 'slack:T1:U2',
    provider: 'github',
    account: 'work',
    tokenSet: {
      accessToken: 'at-1',
      tokenType: 'Bearer',
      refreshToken: condition.refreshToken,
      obtainedAt: now - hour,
      expiresAt: at(condition.expiresIn),
      refreshExpiresAt: at(condition.refreshExpiresIn),
      scope: ['repo'],
    },
    requestedScope: ['repo'],
    state: condition.state ?? { kind: 'active' },
    proof: { mode: 'chat_code', provenAt: now - hour },
    connectedAt: now - hour,
    updatedAt: now - hour,
  });
}

const refused: ConnectionState = {
  kind: 'needs_reauthorization',
  since: now - 1,
  keepUntil: now + hour,
  error: 'invalid_grant',
};
const uncertain: ConnectionState = { kind: 'uncertain', since: now - 1, attempts: 1 };

describe('statusOf', () => {
  it.each<[string, Condition, ConnectionStatus]>([
    ['a live token', { expiresIn: 1 }, 'active'],
    ['a token without an end', {}, 'active'],
    ['an ended token with a refresh token', { expiresIn: 0, refreshToken: 'rt' }, 'active'],
    ['an ended token whose refresh is uncertain', { expiresIn: 0, refreshToken: 'rt', state: uncertain }, 'active'],
    ['an ended token without a refresh token (S2-19)', { expiresIn: 0 }, 'expired'],
    [
      'an ended token, its refresh token just good',
      { expiresIn: 0, refreshToken: 'rt', refreshExpiresIn: 1 },
      'active',
    ],
    ['both tokens ended', { expiresIn: 0, refreshToken: 'rt', refreshExpiresIn: 0 }, 'expired'],
    ['a live token, its refresh token ended', { expiresIn: 1, refreshToken: 'rt', refreshExpiresIn: 0 }, 'active'],
    [
      'a refused grant, though its token lives',
      { expiresIn: 1, refreshToken: 'rt', state: refused },
      'reauthorization_required',
    ],
    ['a refused grant whose token ended', { expiresIn: 0, state: refused }, 'reauthorization_required'],
  ])('of %s', (_, condition, expected) => {
    expect(statusOf(connectionIn(condition), now)).toBe(expected);
  });

  it('of a connection that its person has paused is that, whatever became of it meanwhile', () => {
    for (const state of [undefined, refused])
      expect(statusOf({ ...connectionIn({ expiresIn: 1, state }), pausedAt: now }, now)).toBe('paused');
  });
});

describe('refOf', () => {
  it('names owner, provider and account, and nothing else', () => {
    expect(refOf(connectionIn({}))).toEqual({
      owner: { tenant: 'acme', userId: 'slack:T1:U2' },
      provider: 'github',
      account: 'work',
    });
  });
});

describe('nextGeneration', () => {
  const clock = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) });

  it('is larger than the one before, also when the clock goes back, and stays an exact number', () => {
    fc.assert(
      fc.property(fc.option(clock, { nil: undefined }), clock, (before, at) => {
        const previous = before === undefined ? undefined : nextGeneration(undefined, before);
        const next = nextGeneration(previous, at);
        expect(next).toBeGreaterThan(previous ?? -1);
        expect(next).toBeGreaterThanOrEqual(at * 1000);
        expect(Number.isSafeInteger(next)).toBe(true);
      }),
    );
  });

  it('is the next one at least, and a thousand later at most, while the clock stands behind', () => {
    const previous = (now + 60_000) * 1000;
    const random = vi.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValueOnce(0.9999);
    expect([nextGeneration(previous, now), nextGeneration(previous, now)]).toEqual([previous + 1, previous + 1000]);
    random.mockRestore();
  });

  it('is not the same for two writers of one moment, as a rule', () => {
    // The second time with a clock behind the one that made the generation before.
    for (const previous of [undefined, (now + 60_000) * 1000]) {
      const drawn = new Set(Array.from({ length: 50 }, () => nextGeneration(previous, now)));
      expect(drawn.size).toBeGreaterThan(25);
    }
  });
});

describe('records', () => {
  it('hold secrets as Secret in memory and as text at rest', () => {
    const connection = connectionIn({ refreshToken: 'rt-1' });
    expect(connection.tokenSet.refreshToken).toBeInstanceOf(Secret);
    expect(JSON.stringify(connection)).not.toMatch(/at-1|rt-1/);
    expect(connectionSchema.encode(connection).tokenSet).toMatchObject({ accessToken: 'at-1', refreshToken: 'rt-1' });
  });

  it('cannot hold an empty secret', () => {
    expect(secretText.safeDecode('').success).toBe(false);
  });

  it('are refused without a recorded proof (threats 7)', () => {
    const { proof, ...unproven } = connectionSchema.encode(connectionIn({}));
    expect(proof.mode).toBe('chat_code');
    expect(connectionSchema.safeDecode({ ...unproven, proof }).success).toBe(true);
    expect(connectionSchema.safeParse(unproven).success).toBe(false);
  });
});
