/** Patterns for values that stand in the host of an endpoint, and must not be able to name another host. */

/** One label of a host name. */
export const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A host name with an optional port: no path, no user, no scheme. */
export const hostName =
  /^(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+(?::\d{1,5})?$/;

/** The address of GitHub's API: a host of its own, or `/api/v3` at an Enterprise Server. */
export const hostNameWithApi =
  /^(?=.{1,253}(?:[:/]|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+(?::\d{1,5})?(?:\/api\/v3)?$/;
