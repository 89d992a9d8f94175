/** Whether two hosts belong to one owner, as far as names can tell: by the Public Suffix List. */

import ipaddr from 'ipaddr.js';

/**
 * Domains below which every name is another customer's authorization server or host, and which the Public Suffix List
 * does not have: their owners did not ask for it.
 */
const tenantSuffixes: readonly string[] = [
  'auth0.com',
  'azurecontainerapps.io',
  'b2clogin.com',
  'ciamlogin.com',
  'okta.com',
  'oktapreview.com',
  'onelogin.com',
  'windows.net',
];

/**
 * Whether two hosts are the same or have one owner: `api.example.com` and `login.example.com`, but not
 * `one.github.io` and `two.github.io`. An IP address, or a name of one label, has no relatives.
 */
export async function sharesDomain(host: string, domain: string): Promise<boolean> {
  const [one, other] = [bareName(host), bareName(domain)];
  if (one === other) return one !== '';
  const owner = await ownerOf(other);
  return owner !== undefined && owner === (await ownerOf(one));
}

/** Whether a host is the domain itself or below it. A name that strangers share (`github.io`) counts as having none below. */
export async function isWithin(host: string, domain: string): Promise<boolean> {
  const [one, other] = [bareName(host), bareName(domain)];
  if (one === other) return one !== '';
  return one.endsWith(`.${other}`) && (await ownerOf(other)) !== undefined;
}

/** The shortest name that belongs to the owner of this one alone, if it belongs to one owner at all. */
async function ownerOf(name: string): Promise<string | undefined> {
  if (ipaddr.isValid(name.replace(/^\[|\]$/g, ''))) return undefined;
  const suffix = tenantSuffixes.find((each) => name === each || name.endsWith(`.${each}`));
  if (suffix !== undefined) return /[^.]+$/.exec(name.slice(0, -suffix.length - 1))?.[0].concat('.', suffix);
  // The list takes some 60 ms to load. Most issuers have all endpoints on their own host, and never need it.
  const { getDomain } = await import('tldts');
  return getDomain(name, { allowPrivateDomains: true, extractHostname: false }) ?? undefined;
}

/** A dot at the end of a host name means the same host. */
function bareName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
