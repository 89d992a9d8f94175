/** Patterns for values that become part of an endpoint's host, and must not be able to lead to another host. */

/** One label of a host name. */
export const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A host name with an optional port: no path, no user, no scheme. */
export const hostName =
  /^(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+(?::\d{1,5})?$/;

/** The address of GitHub's API: a separate host, or `/api/v3` on an Enterprise Server. */
export const hostNameWithApi =
  /^(?=.{1,253}(?:[:/]|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+(?::\d{1,5})?(?:\/api\/v3)?$/;
