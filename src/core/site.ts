/** The places that one grant reaches at its provider, where there may be several: Atlassian's sites, Xero's organisations. */

import { z } from 'zod';

/** The most sites of one connection that are kept; they are read with every token. */
export const mostSites = 100;

/** One place that a grant reaches. */
export const siteSchema = z.object({
  /** What the provider's API wants to be told: a cloud id, a tenant id. */
  id: z.string().min(1).max(200),
  name: z.string().max(200).optional(),
  /** https; at some providers the address of its API. */
  url: z.string().max(512).optional(),
});
export type Site = Readonly<z.infer<typeof siteSchema>>;

/** Where a provider lists the sites of a grant. Read with the new access token, once for each consent. */
export interface SiteList {
  readonly endpoint: string;
  /** Dotted path of the array; absent = the body is the array. */
  readonly list?: string;
  /** Paths within an entry. */
  readonly id: string;
  readonly name?: string;
  readonly url?: string;
  /** The parameter of the connection that names the one site to use. */
  readonly parameter: string;
}

type Parameters = Readonly<Record<string, string>>;

/**
 * The parameters with the one site to use: the one that was asked for, or the only one there is. Without it when there
 * is a choice that only the caller can make, and when the consent does not cover the site that was asked for.
 *
 * @param sites `undefined` when they could not be read: then what was asked for stands
 */
export function withChosenSite(
  { sites: list }: { readonly sites?: SiteList },
  asked: Parameters,
  sites: readonly Site[] | undefined,
): Parameters {
  if (list === undefined || sites === undefined) return asked;
  const { [list.parameter]: wanted, ...others } = asked;
  const [only] = sites;
  const chosen = wanted === undefined ? sites.length === 1 && only : sites.find(({ id }) => id === wanted);
  return chosen ? { ...others, [list.parameter]: chosen.id } : others;
}
