/** What each provider's documentation says of its wire, written down apart from the templates, to hold them against. */

import { airtableToDocusign } from './facts/airtable-to-docusign.js';
import { dropboxToMonday } from './facts/dropbox-to-monday.js';
import { furtherProviders } from './facts/further-providers.js';
import { mainProviders } from './facts/main-providers.js';
import { notionToStripe } from './facts/notion-to-stripe.js';
import type { ProviderFacts } from './facts/provider-facts.js';
import { todoistToZoom } from './facts/todoist-to-zoom.js';

/** By provider id. */
export const facts: Readonly<Record<string, ProviderFacts>> = {
  ...mainProviders,
  ...airtableToDocusign,
  ...dropboxToMonday,
  ...notionToStripe,
  ...todoistToZoom,
  ...furtherProviders,
};
