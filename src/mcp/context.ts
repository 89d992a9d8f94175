/** On whose behalf a program calls an MCP server. */

import { createHash } from 'node:crypto';
import type { AccessToken } from '../core/views.js';
import { getOAuthManager } from '../init-oauth-manager.js';
import type { OAuthManager } from '../oauth-manager.js';

/** Whose tokens. `manager` is the process-wide one unless given. */
export interface McpContext {
  readonly userId: string;
  readonly tenant?: string | undefined;
  /** The caller's label for one of several accounts at one server. */
  readonly account?: string | undefined;
  /** Where the browser goes when the person has connected: a local path, or one of the deployment's origins. */
  readonly returnTo?: string | undefined;
  readonly manager?: OAuthManager | undefined;
}

/** The manager of a context, and the rest in the form that its methods take. */
export function readContext({ userId, tenant, account, returnTo, manager }: McpContext) {
  const options = {
    ...(tenant !== undefined && { tenant }),
    ...(account !== undefined && { account }),
    ...(returnTo !== undefined && { returnTo }),
  };
  return { journeys: (manager ?? getOAuthManager()).mcp, userId, options };
}

/** Names a refused token without showing it. */
export function digestOf({ accessToken }: AccessToken): string {
  return createHash('sha256').update(accessToken.reveal()).digest('hex');
}
