/** Facts of the wire, from the providers' documentation: what `npm run new-provider` has added. */

import type { ProviderFacts } from './provider-facts.js';

export const furtherProviders: Readonly<Record<string, ProviderFacts>> = {};
