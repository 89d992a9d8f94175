/** An outage of one provider costs one probe at a time, a fault of ours stays the operator's (threats R14, R17). */

import { beforeEach, describe, expect, it } from 'vitest';
import { GrantRefused, OAuthManagerError, ProviderError, ProviderUnavailable } from '../../src/core/errors.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import { ProviderCircuits } from '../../src/flows/provider-circuits.js';
import { createManualClock, type ManualClock } from '../support/clock.js';

const github = providerIdSchema.parse('github');
const slack = providerIdSchema.parse('slack');
const aboutGithub = { provider: github } as const;

const outage = (retryAfterMs?: number) =>
  new ProviderUnavailable('No answer.', { ...aboutGithub, reached: 'unknown', retryAfterMs });
const misconfigured = () => new ProviderError('Refused.', { ...aboutGithub, misconfigured: true });

let clock: ManualClock;
let circuits: ProviderCircuits;
beforeEach(() => {
  clock = createManualClock();
  circuits = new ProviderCircuits(clock.now);
});

/** Sends one request that fails; answers what the circuit itself said, if it let nothing through. */
function send(error: unknown): unknown {
  const refusal = refusalOf(() => circuits.enter(github));
  if (refusal === undefined) circuits.failed(github, error);
  return refusal;
}

function refusalOf(call: () => void): OAuthManagerError | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof OAuthManagerError) return error;
    throw error;
  }
}

const isOpen = () => refusalOf(() => circuits.check(github)) !== undefined;

/** Fails so often that the circuit opens. */
function breakDown(times = 5): void {
  for (let sent = 0; sent < times; sent += 1) send(outage());
}

/** How long nothing is sent from now on, ms, found by moving the clock there. */
function waitForProbe(mostMs: number): number {
  let waited = 0;
  while (isOpen() && waited <= mostMs) {
    clock.advance(10);
    waited += 10;
  }
  return waited;
}

describe('the circuit of a provider', () => {
  it('opens after five failures in a row, and not before', () => {
    breakDown(4);
    expect([isOpen(), circuits.open().size]).toEqual([false, 0]);
    breakDown(1);
    expect([isOpen(), circuits.open().get(github)]).toEqual([true, 'unavailable']);
  });

  it.each([
    ['a success', () => circuits.succeeded(github)],
    [
      'the refusal of one grant',
      () => send(new GrantRefused({ ...aboutGithub, status: 400, oauthError: 'invalid_grant' })),
    ],
    ['an answer that cannot be used', () => send(new ProviderError('Bad answer.', aboutGithub))],
  ])('starts to count anew after %s', (_, answer) => {
    breakDown(4);
    answer();
    breakDown(4);
    expect(isOpen()).toBe(false);
  });

  it('tells its callers when to come back, and that nothing was sent', () => {
    breakDown();
    const refusal = refusalOf(() => circuits.enter(github));
    expect(refusal).toBeInstanceOf(ProviderUnavailable);
    expect(refusal).toMatchObject({ code: 'provider_unavailable', reached: 'no', provider: 'github' });
    expect(refusal).toMatchObject({ retryAfterMs: expect.toSatisfy((ms: number) => ms >= 1_000 && ms <= 1_250) });
  });

  it('tells them what is left of a pause that the provider asked for', () => {
    send(outage(30_000));
    clock.advance(10_000);
    expect(refusalOf(() => circuits.check(github))).toMatchObject({ retryAfterMs: 20_000 });
  });

  it('is open no longer where the clock of the machine is set back meanwhile', () => {
    breakDown();
    clock.advance(-7_200_000);
    expect(waitForProbe(2_000)).toBeLessThanOrEqual(1_250);
  });

  it('leaves other providers alone', () => {
    breakDown(50);
    expect(refusalOf(() => circuits.enter(slack))).toBeUndefined();
    expect([...circuits.open().keys()]).toEqual([github]);
  });
});

describe('the pause', () => {
  it('doubles with every failed probe, from one second to one minute, give or take a quarter', () => {
    breakDown();
    for (const expected of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      const waited = waitForProbe(100_000);
      expect(waited).toBeGreaterThanOrEqual(expected * 0.75);
      expect(waited).toBeLessThanOrEqual(expected * 1.25 + 10);
      expect(send(outage())).toBeUndefined();
    }
  });

  it('is not the same in every process, so that replicas do not probe together', () => {
    const pauses = Array.from({ length: 8 }, () => {
      circuits.succeeded(github);
      breakDown();
      return waitForProbe(10_000);
    });
    expect(new Set(pauses).size).toBeGreaterThan(1);
  });

  it.each([30_000, 3_600_000, 1_500])(
    'is what Retry-After says, %i ms, after the first failure already (threats R15)',
    (ms) => {
      send(outage(ms));
      clock.advance(ms - 1);
      expect(isOpen()).toBe(true);
      clock.advance(1);
      expect(isOpen()).toBe(false);
    },
  );

  it('begins anew when the first probe after a Retry-After fails without one', () => {
    send(outage(30_000));
    clock.advance(30_000);
    expect(send(outage())).toBeUndefined();
    expect(waitForProbe(100_000)).toBeGreaterThanOrEqual(750);
  });

  it('is not cut short by the failure of a request that was on its way already (threats R15)', () => {
    breakDown(4);
    send(outage(60_000));
    circuits.failed(github, outage());
    circuits.failed(github, outage(1_000));
    clock.advance(59_999);
    expect(isOpen()).toBe(true);
  });

  it('is the first one, however many requests were on their way when the provider went down (threats R17)', () => {
    for (let request = 0; request < 200; request += 1) circuits.enter(github);
    for (let request = 0; request < 200; request += 1) circuits.failed(github, outage());
    expect(waitForProbe(100_000)).toBeLessThanOrEqual(1_260);
  });
});

describe('the probe', () => {
  it('is one of many callers, until it is answered', () => {
    breakDown();
    waitForProbe(10_000);
    const refusals = Array.from({ length: 200 }, () => refusalOf(() => circuits.enter(github)));
    expect(refusals.filter((refusal) => refusal === undefined)).toHaveLength(1);
    clock.advance(9_000);
    expect(isOpen()).toBe(true);
  });

  it('stays the only one though those who were refused report what they were told (threats R17)', () => {
    breakDown();
    waitForProbe(10_000);
    circuits.enter(github);
    for (let caller = 0; caller < 200; caller += 1) {
      circuits.failed(
        github,
        refusalOf(() => circuits.enter(github)),
      );
      clock.advance(20);
    }
    clock.advance(5_000);
    expect(isOpen()).toBe(true);
    circuits.failed(github, outage());
    expect(waitForProbe(100_000)).toBeLessThanOrEqual(2_510);
  });

  it('closes the circuit when it succeeds, for all and from the beginning', () => {
    breakDown();
    waitForProbe(10_000);
    circuits.enter(github);
    circuits.succeeded(github);
    expect([1, 2, 3].map(() => refusalOf(() => circuits.enter(github)))).toEqual([undefined, undefined, undefined]);
    expect(circuits.open().size).toBe(0);
    breakDown(4);
    expect(isOpen()).toBe(false);
  });

  it('keeps the circuit open when it fails: one failure is enough then', () => {
    breakDown();
    waitForProbe(10_000);
    send(outage());
    expect(isOpen()).toBe(true);
  });

  it('is another one after a minute, should nobody have reported on it', () => {
    breakDown();
    waitForProbe(10_000);
    circuits.enter(github);
    clock.advance(59_999);
    expect(isOpen()).toBe(true);
    clock.advance(1);
    expect(refusalOf(() => circuits.enter(github))).toBeUndefined();
    expect(isOpen()).toBe(true);
  });

  it('is not spent by a look', () => {
    breakDown();
    waitForProbe(10_000);
    expect([isOpen(), isOpen(), refusalOf(() => circuits.enter(github))]).toEqual([false, false, undefined]);
  });
});

describe('a provider that refuses our configuration', () => {
  it('opens the circuit at once, and every caller hears that it is the operator who must act (threats R14)', () => {
    send(misconfigured());
    const refusals = Array.from({ length: 20 }, () => refusalOf(() => circuits.enter(github)));
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ code: 'provider_misconfigured', whoMustAct: 'operator', provider: 'github' });
    }
    expect(circuits.open().get(github)).toBe('misconfigured');
  });

  it('stays that while probes are refused, and is found out when it is mended', () => {
    send(misconfigured());
    for (let probe = 0; probe < 3; probe += 1) {
      waitForProbe(100_000);
      expect(send(misconfigured())).toBeUndefined();
      expect(refusalOf(() => circuits.check(github))).toMatchObject({ code: 'provider_misconfigured' });
    }
    waitForProbe(100_000);
    circuits.enter(github);
    expect(refusalOf(() => circuits.enter(github))).toMatchObject({ code: 'provider_misconfigured' });
    circuits.succeeded(github);
    expect(isOpen()).toBe(false);
  });
});
