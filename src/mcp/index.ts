/** The public names for MCP clients: re-exports, nothing else. */

export { ClientRegistrationRequired, DiscoveryFailed, OAuthNotConnected } from '../core/errors.js';
export { createAuthProvider, type ManagedAuthProvider } from './auth-provider.js';
export type { McpContext } from './context.js';
export { createMcpFetch, type McpFetch, type McpFetchOptions } from './mcp-fetch.js';
export { createOAuthClientProvider, type ManagedClientProvider } from './oauth-client-provider.js';
