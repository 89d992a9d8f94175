/** The library's public names: re-exports, nothing else. */

export type { ProviderEntry } from '../providers/index.js';
export { exportProviders } from '../providers/references.js';
export type { ActOrigin, AuditActor, AuditEntry, StoredAuditEntry } from './core/audit.js';
export type { ChatIdentity } from './core/connect.js';
export type { ConnectionStatus, ProofMode, ProviderIdentity } from './core/connection.js';
export * from './core/errors.js';
export type { ConnectionEvent, StoredEvent } from './core/events.js';
export type { AccountLabel, Owner, ProviderId, TenantId, UserId } from './core/identifiers.js';
export type { Log } from './core/log.js';
export type { Scope } from './core/scope.js';
export { Secret } from './core/secret.js';
export type { Site } from './core/site.js';
export type { AuditStore, CounterStore, EventStore, StoreFigures, StoreHealth } from './core/store.js';
export type { TokenSet } from './core/token-set.js';
export type { Rotation, SourcedToken, SourceRequest, TokenSource } from './core/token-source.js';
export type { SpanLabels, SpanStart, Tracer } from './core/tracer.js';
export type * from './core/views.js';
export type { Erasure } from './flows/disconnect.js';
export type { RefusedReport } from './flows/refused-grants.js';
export type { Disconnected } from './flows/sibling-connections.js';
export type { HostTokenAnswer, HostTokenInput } from './host-token.js';
export { getOAuthManager, initOAuthManager } from './init-oauth-manager.js';
export { type AwsKmsOptions, awsKms } from './keys/aws-kms.js';
export type { KeyService } from './keys/key-service.js';
export { KeyServiceOutage, KeyServiceRefusal } from './keys/key-service.js';
export { type VaultTransitOptions, vaultTransit } from './keys/vault-transit.js';
export type {
  ConnectOptions,
  ExchangeOptions,
  HasTokenOptions,
  In,
  InAccount,
  ProofOptions,
  RefreshOptions,
  TokenOptions,
} from './manager-input.js';
export type { ChatLoginOption } from './manager-options.js';
export type { McpAnswer, McpJourneys, McpOptions } from './mcp-journeys.js';
export type { RetryRefusedOptions } from './oauth-manager.js';
export { type ManagerOptions, OAuthManager, openManager } from './open-manager.js';
export { OAuthNotConnected, requireOAuthToken, type TokenContext } from './require-oauth-token.js';
export type { SignalJourneys } from './signal-journeys.js';
export type { TokenJourneys } from './token-journeys.js';
export { type OpenTelemetryApi, openTelemetryTracer } from './tracing/open-telemetry.js';
export { withOAuthToken } from './with-oauth-token.js';
