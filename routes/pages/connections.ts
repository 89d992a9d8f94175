/** What the account page shows, and what it says after a disconnect. */

import { defaultAccount } from '../../src/core/identifiers.js';
import type { ConnectionSummary, ProviderListing, RevocationOutcome, SessionView } from '../../src/core/views.js';
import { showable, tileOf } from './icons.js';
import type { Page } from './render.js';
import { describeScope } from './scope-words.js';
import { formatTime, type Language, type Texts, textsOf } from './texts.js';

/** What the account page is made of. */
export interface AccountContent {
  readonly connections: readonly ConnectionSummary[];
  /** All known providers: a connection may belong to one that is no longer configured. Those not yet connected are offered. */
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
    connections.filter((one) => one.account === defaultAccount).map((one) => one.provider),
  );
  return {
    template: 'connections',
    title: texts.connections.title,
    view: {
      wide: true,
      csrfToken: session.csrfToken.reveal(),
      connections: connections.map((connection, index) => ({
        anchor: `connection-${index + 1}`,
        path: `${basePath}/connections/${connection.provider}`,
        provider: nameOf(connection),
        tile: tileOf(nameOf(connection), listings.get(connection.provider)?.icon),
        ...rowOf(connection, language),
      })),
      providers: providers
        .filter(({ id, configured, source }) => configured && source === 'authorization_code' && !connected.has(id))
        .map((provider) => ({
          name: provider.displayName,
          path: `${basePath}/connections/${provider.id}`,
          tile: tileOf(provider.displayName, provider.icon),
        })),
    },
  };
}

function rowOf(connection: ConnectionSummary, language: Language): object {
  const { identity, lastUsedAt } = connection;
  const texts = textsOf(language);
  const account = showable(identity?.name ?? identity?.email ?? identity?.id ?? texts.unnamedAccount);
  const email = identity?.email === undefined ? undefined : showable(identity.email);
  return {
    account,
    email: email === account ? undefined : email,
    accountLabel: connection.account,
    label: connection.account === defaultAccount ? undefined : showable(connection.account),
    endsToo: connection.endsToo && texts.connections.endsToo(connection.endsToo.map(showable).join(', ')),
    status: connection.status,
    statusText: texts.connections.status[connection.status],
    scopes: connection.scope.map((scope) => describeScope(connection.provider, scope, language)),
    connectedAt: timeOf(connection.connectedAt, language),
    lastUsedAt: lastUsedAt === undefined ? undefined : timeOf(lastUsedAt, language),
  };
}

function timeOf(epochMs: number, language: Language): { machine: string; words: string } {
  return { machine: new Date(epochMs).toISOString(), words: formatTime(epochMs, language) };
}

/** The page after a disconnect: what ended where, and what is left to do by hand. */
export function disconnectedPage(
  outcome: { name: string; revoked: RevocationOutcome; basePath: string },
  reader: { texts: Texts },
): Page {
  const texts = reader.texts.disconnected;
  return {
    template: 'message',
    title: texts.title(outcome.name),
    view: {
      what: texts[outcome.revoked](outcome.name),
      next: outcome.revoked === 'yes' ? texts.nextYes : texts.nextElse(outcome.name),
      way: { href: `${outcome.basePath}/connections`, words: reader.texts.connections.back },
    },
  };
}
