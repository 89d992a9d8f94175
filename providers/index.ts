/** The catalogue of providers by id, and the registry that a deployment makes of it. */

import { type ProviderId, providerIdSchema } from '../src/core/identifiers.js';
import type { ProviderRegistry } from '../src/core/provider.js';
import { airtable } from './airtable.js';
import { apple } from './apple.js';
import { asana } from './asana.js';
import { atlassian } from './atlassian.js';
import { bitbucket } from './bitbucket.js';
import { box } from './box.js';
import { calendly } from './calendly.js';
import { canva } from './canva.js';
import { clickup } from './clickup.js';
import { discord } from './discord.js';
import { docusign } from './docusign.js';
import { dropbox } from './dropbox.js';
import type { ProviderEntry } from './entry.js';
import { figma } from './figma.js';
import { github } from './github.js';
import { githubApp } from './github-app.js';
import { gitlab } from './gitlab.js';
import { google } from './google.js';
import { hubspot } from './hubspot.js';
import { intercom } from './intercom.js';
import { needsDiscovery } from './issuer.js';
import { linear } from './linear.js';
import { linkedin } from './linkedin.js';
import { microsoft } from './microsoft.js';
import { miro } from './miro.js';
import { monday } from './monday.js';
import { notion } from './notion.js';
import { quickbooks } from './quickbooks.js';
import { reddit } from './reddit.js';
import { type JoinOptions, joinRegistry } from './registry.js';
import { salesforce } from './salesforce.js';
import { shopify } from './shopify.js';
import { slack } from './slack.js';
import { spotify } from './spotify.js';
import { stripeApps } from './stripe-apps.js';
import { stripeConnect } from './stripe-connect.js';
import type { ProviderTemplate } from './template.js';
import { todoist } from './todoist.js';
import { trello } from './trello.js';
import { twitch } from './twitch.js';
import { x } from './x.js';
import { xero } from './xero.js';
import { zendesk } from './zendesk.js';
import { zoom } from './zoom.js';

export { type ProviderEntry, parseEntries, providerEntrySchema } from './entry.js';
export { withMetadata } from './issuer.js';
export type { ProviderTemplate } from './template.js';

/** Every provider that is known without configuration. */
export const catalogue: ReadonlyMap<ProviderId, ProviderTemplate> = new Map(
  Object.entries({
    github,
    'github-app': githubApp,
    google,
    discord,
    microsoft,
    airtable,
    apple,
    asana,
    atlassian,
    bitbucket,
    box,
    calendly,
    canva,
    clickup,
    docusign,
    dropbox,
    figma,
    gitlab,
    hubspot,
    intercom,
    linear,
    linkedin,
    miro,
    monday,
    notion,
    quickbooks,
    reddit,
    salesforce,
    shopify,
    slack,
    spotify,
    'stripe-apps': stripeApps,
    'stripe-connect': stripeConnect,
    todoist,
    trello,
    twitch,
    x,
    xero,
    zendesk,
    zoom,
  } satisfies Record<string, ProviderTemplate>).map(([id, template]) => [providerIdSchema.parse(id), template]),
);

/**
 * The providers of one deployment: the catalogue, joined with its entries.
 *
 * @throws ConfigurationError with all faults at once, each naming provider and field
 */
export function createRegistry(
  entries: Readonly<Record<string, ProviderEntry>>,
  options: JoinOptions = {},
): ProviderRegistry {
  return joinRegistry(catalogue, entries, options);
}

/** Separates entries with endpoints from those whose endpoints only their issuer can tell. */
export function partEntries(entries: Readonly<Record<string, ProviderEntry>>): {
  readonly known: Readonly<Record<string, ProviderEntry>>;
  readonly open: ReadonlyMap<string, ProviderEntry>;
} {
  const all = Object.entries(entries);
  const open = new Map(all.filter(([id, entry]) => needsDiscovery(entry, isInCatalogue(id))));
  return { known: Object.fromEntries(all.filter(([id]) => !open.has(id))), open };
}

function isInCatalogue(id: string): boolean {
  const parsed = providerIdSchema.safeParse(id);
  return parsed.success && catalogue.has(parsed.data);
}
