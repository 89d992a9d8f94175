/** For administrators: API keys that are kept in the store, and callers whose JWTs are refused. */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { InvalidRequest, NotFound } from '../src/core/errors.js';
import type { ProviderId, TenantId } from '../src/core/identifiers.js';
import { isDiscoveredId } from '../src/core/mcp-server.js';
import type { Secret } from '../src/core/secret.js';
import type { OAuthManager } from '../src/oauth-manager.js';
import {
  apiKeyBody,
  apiKeyParams,
  apiKeyRevokedAnswer,
  apiKeysAnswer,
  newApiKeyAnswer,
  revocationAnswer,
  revocationBody,
} from './administration-schemas.js';
import { callerOf, type Role } from './caller.js';
import { problemAnswers, toSeconds } from './wire.js';

/** A key without its secret. Times in epoch ms. */
export interface ManagedKey {
  readonly id: string;
  readonly owner: string;
  readonly role: 'bot' | 'viewer' | 'admin';
  readonly providers?: readonly ProviderId[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  readonly lastUsedAt?: number;
}

/** What the program does for these routes; each function acts in the tenant of the caller's credential only. */
export interface Administration {
  listKeys(tenant: TenantId): Promise<readonly ManagedKey[]>;
  createKey(
    tenant: TenantId,
    request: Pick<ManagedKey, 'owner' | 'role' | 'providers' | 'expiresAt'>,
  ): Promise<{ readonly key: Secret; readonly view: ManagedKey }>;
  /** `false` when the tenant has no key of that id. */
  revokeKey(tenant: TenantId, id: string): Promise<boolean>;
  /** @param until epoch ms; absent = for good */
  revokeCaller(tenant: TenantId, name: { subject: string } | { jti: string }, until?: number): Promise<void>;
  /** Epoch ms. */
  now(): number;
}

const roles: readonly Role[] = ['admin'];
const tags = ['administration'];

/** A credential for some providers must not create one for all, so these routes need one that reaches all. */
const config = { roles, everyProvider: true };

/** The functions that do the work, and the manager, which knows the providers. */
interface AdministrationOptions {
  readonly administration: Administration;
  readonly manager: OAuthManager;
}

/** `/api-keys` and `/revocations`. */
export const administration: FastifyPluginAsyncZod<AdministrationOptions> = async (app, options) => {
  const { administration: administer, manager } = options;
  app.route({
    method: 'GET',
    url: '/api-keys',
    config,
    schema: {
      operationId: 'listApiKeys',
      summary: 'API keys in the store, revoked and expired ones too; never the key itself',
      tags,
      response: { 200: apiKeysAnswer, ...problemAnswers },
    },
    handler: async (request) => ({
      api_keys: (await administer.listKeys(callerOf(request).tenant)).map(formatKey),
    }),
  });

  app.route({
    method: 'POST',
    url: '/api-keys',
    config: { ...config, audit: 'api_key.create' },
    schema: {
      operationId: 'createApiKey',
      summary: 'Creates an API key; it is shown only this once',
      tags,
      body: apiKeyBody,
      response: { 201: newApiKeyAnswer, ...problemAnswers },
    },
    handler: async (request, reply) => {
      const { owner, role, providers, expires_at } = request.body;
      const expiresAt = expires_at === undefined ? undefined : expires_at * 1000;
      if (expiresAt !== undefined && expiresAt <= administer.now()) {
        throw new InvalidRequest('expires_at', 'is over');
      }
      refuseMisspelt(manager, providers);
      const { key, view } = await administer.createKey(callerOf(request).tenant, { owner, role, providers, expiresAt });
      return reply.code(201).send({ ...formatKey(view), key: key.reveal() });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api-keys/:id',
    config: { ...config, audit: 'api_key.revoke' },
    schema: {
      operationId: 'revokeApiKey',
      summary: 'Revokes an API key: every service on the store refuses it from its next call on',
      tags,
      params: apiKeyParams,
      response: { 200: apiKeyRevokedAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const { id } = request.params;
      if (!(await administer.revokeKey(callerOf(request).tenant, id)))
        throw new NotFound('There is no key of that id.');
      return { id, revoked: true } as const;
    },
  });
  await app.register(revocations, options);
};

const revocations: FastifyPluginAsyncZod<AdministrationOptions> = async (app, options) => {
  app.route({
    method: 'POST',
    url: '/revocations',
    config: { ...config, audit: 'caller.revoke' },
    schema: {
      operationId: 'revokeCaller',
      summary: 'Refuses the JWTs of a subject, or one JWT, although they are still valid',
      tags,
      body: revocationBody,
      response: { 200: revocationAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const { subject, jti, until } = request.body;
      const { tenant } = callerOf(request);
      const end = until === undefined ? undefined : until * 1000;
      if (subject !== undefined && jti === undefined)
        await options.administration.revokeCaller(tenant, { subject }, end);
      else if (jti !== undefined && subject === undefined)
        await options.administration.revokeCaller(tenant, { jti }, end);
      else throw new InvalidRequest('subject', 'give either this or jti');
      return { until: until ?? null };
    },
  });
};

/** A key for an unknown provider would reach nothing. */
function refuseMisspelt(manager: OAuthManager, providers: readonly ProviderId[] = []): void {
  const known = new Set(manager.listProviders().map(({ id }) => id));
  const at = providers.findIndex((id) => !known.has(id) && !isDiscoveredId(id));
  if (at !== -1) throw new InvalidRequest(`providers.${at}`, 'is neither in the catalogue nor configured');
}

function formatKey(key: ManagedKey) {
  const seconds = (ms: number | undefined) => (ms === undefined ? null : toSeconds(ms));
  return {
    id: key.id,
    owner: key.owner,
    role: key.role,
    providers: key.providers === undefined ? null : [...key.providers],
    created_at: toSeconds(key.createdAt),
    expires_at: seconds(key.expiresAt),
    revoked_at: seconds(key.revokedAt),
    last_used_at: seconds(key.lastUsedAt),
  };
}
