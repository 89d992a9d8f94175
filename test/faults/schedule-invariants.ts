/** What must hold once everything has healed (threats 7). */

import { defaultAccount, defaultTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import type { Store } from '../../src/core/store.js';
import type { FaultNode } from '../support/fault-nodes.js';
import type { RotatingProvider } from '../support/rotating-provider.js';
import type { Subject } from './schedule-subject.js';

const provider = providerIdSchema.parse('rotating');

/** What can be asked once everything has healed. */
export interface Healed {
  readonly provider: RotatingProvider;
  readonly store: Store;
  /** The client ids of processes that were killed. */
  readonly killed: ReadonlySet<string>;
  readonly nodes: readonly FaultNode[];
}

/** What does not hold for this user; `undefined` is well. */
export async function complaintAbout(subject: Subject, healed: Healed): Promise<string | undefined> {
  return (
    subject.complaints[0] ??
    reuseOf(subject, healed) ??
    strayTokenOf(subject, healed) ??
    survivorOf(subject, healed) ??
    (await wrongRecordOf(subject, healed)) ??
    (await wrongAnswerFor(subject, healed))
  );
}

/**
 * The strict provider saw no reuse. Where a process was killed with an answer that nobody else had yet, the refresh token
 * that it was for is the only one left, and is tried once the access token is of no use any more (R5).
 */
function reuseOf(subject: Subject, { provider: seenBy, killed }: Healed): string | undefined {
  const mine = seenBy.seen.sendings.filter(({ token }) => subject.grants.has(seenBy.firstOf(token) ?? ''));
  const isExcused = (reused: string) => {
    const answered = mine.find(({ token, accessToken }) => token === reused && accessToken !== undefined);
    return answered !== undefined && killed.has(answered.from) && !subject.handedOut.has(answered.accessToken ?? '');
  };
  const reuse = mine.find(({ isReuse, token }) => isReuse && !isExcused(token));
  return reuse && 'a refresh token was sent twice';
}

/** Nobody was given the token of another owner. */
function strayTokenOf(subject: Subject, { provider: seenBy }: Healed): string | undefined {
  const stray = [...subject.handedOut].some((token) => !subject.grants.has(seenBy.firstOf(token) ?? ''));
  return stray ? 'a token of another owner was handed out' : undefined;
}

/** Nothing disconnected is alive, at the provider either. */
function survivorOf(subject: Subject, { provider: seenBy }: Healed): string | undefined {
  return subject.ended.some((grant) => seenBy.newest(grant) !== undefined)
    ? 'a grant that was disconnected lives on'
    : undefined;
}

async function wrongRecordOf(subject: Subject, { provider: seenBy, store }: Healed): Promise<string | undefined> {
  const owner = { tenant: defaultTenant, userId: userIdSchema.parse(subject.user) };
  const { connections, awaiting, unreadable } = await store.connections.list(owner);
  if (unreadable.length + awaiting.length > 0) return 'there are records that nobody wrote';
  const [stored, ...others] = connections;
  if (others.length > 0) return 'there are two connections';
  if (stored === undefined) return subject.connected === true ? 'the connection is lost' : undefined;
  if (subject.connected === false) return 'it is connected though it was disconnected';
  const { state, tokenSet, userId, proof } = stored.connection;
  const held = tokenSet.refreshToken?.reveal() ?? '';
  if (userId !== subject.user || !subject.grants.has(seenBy.firstOf(held) ?? '')) return 'it is of another owner';
  if (state.kind === 'active' && !(proof.mode === 'host' && proof.provenAt > 0)) return 'it is active without a proof';
  if (state.kind !== 'active' || held === seenBy.newest(held)) return undefined;
  const ref = { owner, provider, account: defaultAccount };
  if ((await store.connections.findIntent(ref)) !== undefined) return undefined;
  return `the stored refresh token is ${seenBy.newest(held) === undefined ? 'ended' : 'spent'} and nobody says so`;
}

/** Every process gives the same: a token that the provider honours, or none where there is no connection. */
async function wrongAnswerFor(subject: Subject, { provider: seenBy, nodes }: Healed): Promise<string | undefined> {
  const answers = await Promise.all(nodes.map((node) => node.ask('token', { user: subject.user })));
  const failed = answers.find(({ error }) => error !== undefined);
  if (failed !== undefined) return `a process answers ${failed.error}`;
  const tokens = new Set(answers.map(({ token }) => token));
  if (tokens.size > 1) return 'the processes give different tokens';
  const [token] = tokens;
  if (subject.connected === false && token !== undefined) return 'a token is handed out though it was disconnected';
  if (subject.connected !== true) return undefined;
  if (token === undefined) return 'no token is handed out though it is connected';
  return seenBy.firstOf(token) === undefined ? 'a token that the provider does not know' : undefined;
}
