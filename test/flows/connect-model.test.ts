/** Connecting against a model: two people and two browsers do every step in any order, their own and each other's. */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OAuthManagerError } from '../../src/core/errors.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { openManager } from '../../src/open-manager.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { sharedRedis } from '../support/redis.js';
import { entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { scriptTokens } from '../support/scripted-tokens.js';

const people = ['ada', 'eve'] as const;
type Who = (typeof people)[number];

/** How far one person's connect has come. A browser is named after whose it is. */
type Stage =
  | { readonly kind: 'none' }
  | { readonly kind: 'link' }
  | { readonly kind: 'started'; readonly browser: Who }
  | { readonly kind: 'awaiting'; readonly browser: Who; readonly tries: number };

interface Model {
  readonly stages: Record<Who, Stage>;
  readonly connected: Set<Who>;
}
/** The values that exist, also those that are used up: they are tried again. */
interface Real {
  readonly manager: OAuthManager;
  readonly clock: ManualClock | undefined;
  /** User ids of this run. */
  readonly ids: Record<Who, string>;
  readonly links: Partial<Record<Who, string>>;
  readonly answers: Partial<Record<Who, URLSearchParams>>;
  /** By browser, then by whose connect it started. */
  readonly cookies: Record<Who, Partial<Record<Who, string>>>;
  readonly codes: Partial<Record<Who, string>>;
}

const tries = 5;
/** How often a connect was completed: a model that never gets there shows nothing. */
const reached = { proven: 0 };

/** `ok`, or the code of the refusal; a bug is thrown. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (error: unknown) => {
      if (error instanceof OAuthManagerError) return error.code;
      throw error;
    },
  );
}

/** One step, by somebody, with what belongs to somebody. */
abstract class Step implements fc.AsyncCommand<Model, Real> {
  readonly by: Who;
  readonly of: Who;
  constructor(by: Who, of: Who) {
    this.by = by;
    this.of = of;
  }
  check(_model: Readonly<Model>): boolean {
    return true;
  }
  abstract act(model: Model, real: Real): Promise<void>;
  async run(model: Model, real: Real): Promise<void> {
    await this.act(model, real);
    for (const who of people)
      expect([who, await real.manager.hasToken(real.ids[who], 'scripted')]).toEqual([who, model.connected.has(who)]);
  }
  toString() {
    return `${this.constructor.name}(by ${this.by}, of ${this.of})`;
  }
}

class Ask extends Step {
  override check = (model: Readonly<Model>) => model.stages[this.of].kind === 'none';
  async act(model: Model, real: Real) {
    const { connectUrl } = await real.manager.startConnect(real.ids[this.of], 'scripted');
    real.links[this.of] = new URL(connectUrl).searchParams.get('link') ?? '';
    model.stages[this.of] = { kind: 'link' };
  }
}
class Press extends Step {
  async act(model: Model, real: Real) {
    const link = real.links[this.of] ?? 'never-made';
    const live = model.stages[this.of].kind === 'link';
    expect(await outcomeOf(real.manager.startAuthorization('twin', link))).toBe('gone');
    const started = await real.manager.startAuthorization('scripted', link).catch(() => undefined);
    expect(started !== undefined).toBe(live);
    if (started === undefined) return;
    const { headers } = await fetch(started.authorizationUrl, { redirect: 'manual' });
    real.answers[this.of] = new URL(headers.get('location') ?? '').searchParams;
    real.cookies[this.by][this.of] = started.browserSecret.reveal();
    model.stages[this.of] = { kind: 'started', browser: this.by };
  }
}
class ComeBack extends Step {
  async act(model: Model, real: Real) {
    const { manager } = real;
    const answer = real.answers[this.of] ?? new URLSearchParams({ state: 'never-made', code: 'c' });
    const cookie = real.cookies[this.by][this.of] ?? real.cookies[this.by][this.by];
    const stage = model.stages[this.of];
    const right = stage.kind === 'started' && stage.browser === this.by;
    for (const wrong of [
      manager.finishAuthorization('twin', answer, cookie),
      manager.finishAuthorization('scripted', answer, undefined),
    ])
      expect(await outcomeOf(wrong)).not.toBe('ok');
    expect((await outcomeOf(manager.finishAuthorization('scripted', answer, cookie))) === 'ok').toBe(right);
    if (!right) return;
    const shown = await manager.describeFinished('scripted', cookie ?? '');
    real.codes[this.of] = shown?.returnCode?.reveal() ?? '';
    model.stages[this.of] = { kind: 'awaiting', browser: this.by, tries: 0 };
  }
}
/** Somebody types the code that stands in some browser; a wrong one counts on what the typist has open. */
class Type extends Step {
  async act(model: Model, real: Real) {
    const code = real.codes[this.of] ?? 'AAAA2222';
    const stage = model.stages[this.by];
    const outcome = await outcomeOf(real.manager.submitProof(real.ids[this.by], code));
    if (stage.kind !== 'awaiting') {
      expect(['code_refused', 'gone']).toContain(outcome);
      return;
    }
    const own = this.by === this.of;
    expect(outcome).toBe(own ? 'ok' : 'code_refused');
    if (own) model.connected.add(this.by);
    if (own) reached.proven += 1;
    const over = own || stage.tries + 1 >= tries;
    model.stages[this.by] = over ? { kind: 'none' } : { ...stage, tries: stage.tries + 1 };
  }
}
/** What the other browser is shown. */
class Peek extends Step {
  async act(model: Model, real: Real) {
    const cookie = real.cookies[this.by][this.of] ?? 'never-set';
    const shown = await real.manager.describeFinished('scripted', cookie);
    const stage = model.stages[this.of];
    const mine = stage.kind === 'awaiting' && stage.browser === this.by;
    expect(shown?.returnCode?.reveal()).toBe(mine ? real.codes[this.of] : undefined);
  }
}
class Disconnect extends Step {
  async act(model: Model, real: Real) {
    await real.manager.deleteToken(real.ids[this.of], 'scripted');
    model.connected.delete(this.of);
  }
}
/** Longer than any link, flow or code lives. */
class Wait extends Step {
  async act(model: Model, real: Real) {
    if (real.clock === undefined) return;
    real.clock.advance(601_000);
    for (const who of people) model.stages[who] = { kind: 'none' };
  }
}

const who = fc.constantFrom(...people);
/** Mostly with what is one's own, or hardly anything would ever be completed. */
const parties = fc.oneof(
  { weight: 3, arbitrary: who.map((one) => [one, one] as const) },
  { weight: 2, arbitrary: fc.tuple(who, who) },
);
const steps = fc.commands(
  [Ask, Ask, Press, Press, ComeBack, ComeBack, Type, Type, Peek, Disconnect, Wait].map((Kind) =>
    parties.map(([by, of]) => new Kind(by, of)),
  ),
  { maxCommands: 24, size: 'medium' },
);

let dataDir: string;
let server: ScriptedServer;
const redis = await sharedRedis();
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'valetkey-connect-model-'));
  server = await startScriptedServer();
  scriptTokens(server);
  server.answer('/revoke', { status: 200 });
});
afterAll(async () => {
  await server.close();
  await redis.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const places = {
  embedded: () => ({ dataDir }),
  redis: () => ({ redisUrl: redis.url, keyPrefix: `connect-${randomUUID()}` }),
};

describe.each(['embedded', 'redis'] as const)('two people and two browsers, on the %s store', (kind) => {
  it('connect only who asked, in the browser that went on, with the code typed by who asked; nothing works twice', async () => {
    const clock = kind === 'embedded' ? createManualClock(Date.now()) : undefined;
    const manager = await openManager({
      ...places[kind](),
      baseUrl: 'http://localhost:3000',
      providers: { scripted: entryAt(server.url), twin: entryAt(server.url) },
      encryptionKeys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
      allowInsecureLoopbackProviders: true,
      backgroundWork: false,
      ...(clock && { now: clock.now }),
    });
    try {
      await fc.assert(
        fc.asyncProperty(steps, fc.tuple(fc.nat(3), fc.nat(3)), async (list, done) => {
          const ids = { ada: `ada-${randomUUID()}`, eve: `eve-${randomUUID()}` };
          const real = { manager, clock, ids, links: {}, answers: {}, cookies: { ada: {}, eve: {} }, codes: {} };
          const model: Model = { stages: { ada: { kind: 'none' }, eve: { kind: 'none' } }, connected: new Set() };
          // Some have come further already when the disorder begins.
          for (const [at, one] of people.entries())
            for (const Kind of [Ask, Press, ComeBack].slice(0, done[at])) await new Kind(one, one).run(model, real);
          await fc.asyncModelRun(() => ({ model, real }), list);
        }),
        { numRuns: 50 },
      );
      expect(reached.proven).toBeGreaterThan(0);
    } finally {
      await manager.close();
    }
  }, 120_000);
});
