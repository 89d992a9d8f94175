/** Which places of the provider a grant reaches: Atlassian's sites, Xero's organisations, DocuSign's accounts. */

import { ProviderError } from '../core/errors.js';
import { shortTextAt, textOf, valueAt } from '../core/json-paths.js';
import type { Provider } from '../core/provider.js';
import { mostSites, type Site, type SiteList, siteSchema } from '../core/site.js';
import type { TokenSet } from '../core/token-set.js';
import type { Http } from './http.js';
import { askAsUser } from './user-request.js';

const longestName = 200;
const longestUrl = 512;

/**
 * The sites in the provider's order, each once: Atlassian lists a site again for each of its products. `undefined` when
 * the provider has no such list.
 *
 * @throws ProviderError the request is refused, or the answer is no list; ProviderUnavailable no answer now
 */
export async function fetchSites(
  provider: Provider,
  tokenSet: TokenSet,
  http: Http,
): Promise<readonly Site[] | undefined> {
  const { sites: list } = provider;
  if (list === undefined) return undefined;
  const body = await askAsUser(provider, { url: list.endpoint, tokenSet, http });
  const found = list.list === undefined ? body : valueAt(body, list.list);
  if (!Array.isArray(found)) {
    throw new ProviderError(`${provider.id} did not list what the grant reaches.`, { provider: provider.id });
  }
  const byId = new Map<string, Site>();
  for (const site of found.map((entry: unknown) => siteIn(list, entry))) {
    if (site !== undefined && byId.size < mostSites && !byId.has(site.id)) byId.set(site.id, site);
  }
  return [...byId.values()];
}

function siteIn(list: SiteList, entry: unknown): Site | undefined {
  const name = shortTextAt(entry, list.name, longestName);
  const url = list.url === undefined ? undefined : textOf(valueAt(entry, list.url));
  const site = { id: textOf(valueAt(entry, list.id)), ...(name !== undefined && { name }), ...safeUrl(url) };
  return siteSchema.safeParse(site).data;
}

/** Callers may send the token there. */
function safeUrl(url: string | undefined): { url?: string } {
  const isSafe =
    url !== undefined && url.length <= longestUrl && URL.canParse(url) && new URL(url).protocol === 'https:';
  return isSafe ? { url } : {};
}
