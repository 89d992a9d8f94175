/** What the account page shows, and what it says after a disconnect. */

import { defaultAccount } from '../../src/core/identifiers.js';
import type {
  ConnectionDetails,
  ConnectionSummary,
  ProviderListing,
  RevocationOutcome,
  SessionView,
  TokenUse,
} from '../../src/core/views.js';
import { firstShowable, showable, tileOf } from './icons.js';
import type { Page } from './render.js';
import { describeScope } from './scope-words.js';
import { formatTime, type Language, type Texts, textsOf } from './texts.js';

/** The page shows at most this many uses of a connection; `GET …/usage` of the API has more. */
const mostUses = 10;
const longestPurpose = 200;
/** The time of last use is this coarse, ms: a listed use that is at most this much older may be the last one. */
const markMs = 60_000;

/** What the account page is made of. */
export interface AccountContent {
  readonly connections: readonly ConnectionDetails[];
  /** All known providers: a connection may belong to one that is no longer configured. See {@link isOffered} for the others. */
  readonly providers: readonly ProviderListing[];
  readonly session: SessionView;
  readonly basePath: string;
}

/** The account page. */
export function connectionsPage(content: AccountContent, language: Language): Page {
  const { connections, providers, session, basePath } = content;
  const listings = new Map<string, ProviderListing>(providers.map((provider) => [provider.id, provider]));
  const nameOf = ({ provider, providerName }: ConnectionSummary) =>
    listings.get(provider)?.displayName ?? providerName ?? provider;
  const texts = textsOf(language);
  const connected = new Set<string>(
    connections.flatMap(({ connection: one }) => (one.account === defaultAccount ? [one.provider] : [])),
  );
  return {
    template: 'connections',
    title: texts.connections.title,
    script: 'send-once.js',
    view: {
      wide: true,
      csrfToken: session.csrfToken.reveal(),
      connections: connections.map(({ connection, uses }, index) => ({
        anchor: `connection-${index + 1}`,
        path: `${basePath}/connections/${connection.provider}`,
        provider: nameOf(connection),
        tile: tileOf(nameOf(connection), listings.get(connection.provider)?.icon),
        ...rowOf(connection, language),
        ...stateOf(connection, { provider: nameOf(connection), texts, language }),
        ...usageOf(connection, uses, language),
      })),
      providers: providers
        .filter((provider) => isOffered(provider) && !connected.has(provider.id))
        .map((provider) => ({
          name: provider.displayName,
          path: `${basePath}/connections/${provider.id}`,
          tile: tileOf(provider.displayName, provider.icon),
        })),
    },
  };
}

/** Not those that need a parameter such as a customer's shop or host, since no page asks for it. */
function isOffered({ configured, source, parameters }: ProviderListing): boolean {
  return configured && source === 'authorization_code' && parameters === undefined;
}

function rowOf(connection: ConnectionSummary, language: Language): object {
  const { identity } = connection;
  const texts = textsOf(language);
  const account = firstShowable(identity?.name, identity?.email, identity?.id) ?? texts.unnamedAccount;
  const email = identity?.email === undefined ? undefined : showable(identity.email);
  return {
    account,
    email: email === account ? undefined : email,
    accountLabel: connection.account,
    label: connection.account === defaultAccount ? undefined : showable(connection.account),
    endsToo:
      connection.endsToo && texts.connections.endsToo(connection.endsToo.map((label) => showable(label)).join(', ')),
    scopes: connection.scope.map((scope) => describeScope(connection.provider, scope, language)),
    connectedAt: timeOf(connection.connectedAt, language),
  };
}

/** The most likely action comes first: to resume a paused connection, to connect again one that has ended. */
function stateOf(
  { status, pausedAt }: ConnectionSummary,
  { provider, texts: { connections }, language }: { provider: string; texts: Texts; language: Language },
): object {
  const pausedSince = pausedAt === undefined ? '' : formatTime(pausedAt, language);
  const reconnect = { name: 'connect', words: connections.reconnect(provider) };
  const pause = { name: 'pause', words: connections.pause(provider) };
  const again = { ...reconnect, first: true };
  const resume = { name: 'resume', words: connections.resume(provider), first: true };
  return {
    status,
    statusText: connections.status[status],
    attention: status === 'active' ? undefined : connections.attention[status](provider, pausedSince),
    actions: status === 'active' ? [pause, reconnect] : status === 'paused' ? [resume, reconnect] : [again],
  };
}

/** When and by which tool it was used last, and the latest uses with the purpose that each tool gave. */
function usageOf({ lastUsedAt }: ConnectionSummary, uses: readonly TokenUse[], language: Language): object {
  const texts = textsOf(language);
  const toolOf = ({ caller, name }: TokenUse) => showable(name ?? caller);
  const [latest] = uses;
  const at = Math.max(lastUsedAt ?? 0, latest?.at ?? 0);
  const isLatest = latest !== undefined && at - latest.at <= markMs;
  return {
    lastUsedAt: at === 0 ? undefined : timeOf(at, language),
    lastUsedBy: isLatest ? texts.connections.by(toolOf(latest)) : undefined,
    uses: uses.slice(0, mostUses).map((use) => ({
      tool: toolOf(use),
      purpose: use.purpose && showable(use.purpose, longestPurpose),
      at: timeOf(use.at, language),
    })),
  };
}

function timeOf(epochMs: number, language: Language): { machine: string; words: string } {
  return { machine: new Date(epochMs).toISOString(), words: formatTime(epochMs, language) };
}

/** The page after a disconnect: what was ended, what is left to do by hand; `before`: the connection was already gone. */
export function disconnectedPage(
  outcome: { name: string; revoked: RevocationOutcome | 'before'; basePath: string },
  reader: { texts: Texts },
): Page {
  const texts = reader.texts.disconnected;
  const isOver = outcome.revoked === 'yes' || outcome.revoked === 'before';
  return {
    template: 'message',
    title: texts.title(outcome.name),
    view: {
      what: texts[outcome.revoked](outcome.name),
      next: isOver ? texts.nextYes : texts.nextElse(outcome.name),
      way: { href: `${outcome.basePath}/connections`, words: reader.texts.connections.back },
    },
  };
}
