/** Where every customer has a host of its own, that place has a circuit beside the provider's. */

import { beforeEach, describe, expect, it } from 'vitest';
import { ProviderError, ProviderUnavailable } from '../../src/core/errors.js';
import { type ProviderId, providerIdSchema } from '../../src/core/identifiers.js';
import { ProviderCircuits } from '../../src/flows/provider-circuits.js';
import { createManualClock, type ManualClock } from '../support/clock.js';

describe('the circuit of one customer’s own host', () => {
  const desk = providerIdSchema.parse('desk');
  const about = { provider: desk } as const;
  const gone = () => new ProviderError('Not found.', { ...about, misconfigured: true, status: 404 });
  const later = (status: number) =>
    new ProviderUnavailable('Later.', { ...about, reached: 'no', status, retryAfterMs: 5_000 });
  const notUs = () =>
    new ProviderError('Who?', { ...about, misconfigured: true, status: 401, oauthError: 'invalid_client' });

  const openStage = () => {
    const clock = createManualClock();
    const circuits = new ProviderCircuits(clock.now);
    const isOpen = (place?: string) => {
      try {
        circuits.check(desk, place);
        return false;
      } catch {
        return true;
      }
    };
    const sendTo = (place: string, error: unknown) => {
      circuits.enter(desk, place);
      circuits.failed(desk, error, place);
    };
    return { clock, circuits, isOpen, sendTo };
  };

  it.each([
    ['is not there', gone()],
    ['was asked too often', later(429)],
  ])('that %s opens, and no other one', (_what, failure) => {
    const { circuits, isOpen, sendTo } = openStage();
    sendTo('closed', failure);
    expect([isOpen('closed'), isOpen('open'), isOpen()]).toEqual([true, false, false]);
    expect(circuits.open()).toEqual(new Map());
  });

  it('has longer pauses, whatever the others answer, lets one probe through, and closes when it answers', () => {
    const { clock, circuits, isOpen, sendTo } = openStage();
    for (let probes = 0; probes <= 10; probes += 1) {
      clock.advance(75_000);
      sendTo('closed', gone());
      circuits.succeeded(desk, 'open');
    }
    clock.advance(10_000);
    expect(isOpen('closed')).toBe(true);
    clock.advance(75_000);
    circuits.enter(desk, 'closed');
    expect(isOpen('closed')).toBe(true);
    circuits.succeeded(desk, 'closed');
    expect(isOpen('closed')).toBe(false);
  });

  it.each([
    ['a word about our client', notUs()],
    ['a server that has failed', later(500)],
  ])('is not meant by %s: that is about all of them', (_what, failure) => {
    const { clock, circuits, isOpen, sendTo } = openStage();
    sendTo('one', gone());
    clock.advance(2_000);
    sendTo('one', failure);
    expect([isOpen(), isOpen('another')]).toEqual([true, true]);
    circuits.succeeded(desk, 'another');
    expect([isOpen(), isOpen('one')]).toEqual([false, false]);
  });
});

describe('circuits of places that nobody asks any more', () => {
  const [desk, configured] = [providerIdSchema.parse('desk'), providerIdSchema.parse('configured')];
  const later = new ProviderUnavailable('Later.', { provider: desk, reached: 'no', status: 429, retryAfterMs: 5_000 });
  let clock: ManualClock;
  let circuits: ProviderCircuits;
  beforeEach(() => {
    clock = createManualClock();
    circuits = new ProviderCircuits(clock.now);
  });
  const fail = (place: string) => circuits.failed(desk, later, place);
  const failMany = (when: string) => {
    for (let n = 0; n < 1_000; n += 1) fail(`${when} ${n}`);
  };
  /** Whether one request goes through and no other, as after a pause. */
  const isProbed = (provider: ProviderId, place?: string) => {
    circuits.enter(provider, place);
    try {
      circuits.enter(provider, place);
      return false;
    } catch {
      return true;
    }
  };

  it('are forgotten an hour after their pause, when there are many', () => {
    failMany('old');
    clock.advance(3_606_000);
    expect(isProbed(desk, 'old 0')).toBe(true);
    failMany('new');
    clock.advance(6_000);
    expect([isProbed(desk, 'old 1'), isProbed(desk, 'old 999'), isProbed(desk, 'new 0')]).toEqual([false, false, true]);
  });

  it('are kept where a probe is under way, within the hour, and of whole providers that are configured', () => {
    circuits.failed(
      configured,
      new ProviderUnavailable('Later.', { provider: configured, reached: 'no', retryAfterMs: 1 }),
    );
    failMany('old');
    clock.advance(3_606_000);
    circuits.enter(desk, 'old 0');
    fail('lately');
    clock.advance(30_000);
    failMany('new');
    expect(() => circuits.enter(desk, 'old 0')).toThrow(ProviderUnavailable);
    expect([isProbed(desk, 'lately'), isProbed(configured)]).toEqual([true, true]);
  });
});
