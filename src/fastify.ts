/** `valetkey/fastify`: the API for bots and the browser pages as one plugin in a host's own Fastify app. */

import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type V1Options, v1 } from '../routes/api.js';
import { type BrowserRoutesOptions, browserRoutes } from '../routes/browser.js';
import type { Authenticate, Caller } from '../routes/caller.js';
import { knownKeys, readCredential } from '../routes/credentials.js';
import { answerError } from '../routes/error-handler.js';
import { type RateLimitOptions, usualLimits } from '../routes/rate-limit.js';
import { serverOptions } from '../routes/server-options.js';
import { type Brand, brandColorSchema, brandNameSchema, logoSchema } from './core/brand.js';
import { ConfigurationError, Unauthorized } from './core/errors.js';
import { defaultTenant, providerIdSchema, tenantIdSchema, userIdSchema } from './core/identifiers.js';
import { Secret } from './core/secret.js';
import type { OAuthManager } from './oauth-manager.js';

/** What a host says about one of its callers. */
export interface HostCaller {
  /** For logs: which key, service or person. */
  readonly id: string;
  /** `bot`, `viewer`, `admin`, or `user` for a person who may touch own records only. */
  readonly role: 'bot' | 'viewer' | 'admin' | 'user';
  /** `default` if absent. */
  readonly tenant?: string | undefined;
  /** Absent = every provider. */
  readonly providers?: readonly string[] | undefined;
  /** Whose records a caller of role `user` may touch; required for that role. */
  readonly userId?: string | undefined;
}

/** One of the host's API keys. Callers send `secret` as `Authorization: Bearer …` or `X-API-Key`. */
export interface HostApiKey {
  readonly id: string;
  readonly role: 'bot' | 'viewer' | 'admin';
  /** At least 32 characters. */
  readonly secret: string;
  readonly tenant?: string | undefined;
}

/** Either `authenticate` or `apiKeys` decides who may call the API. */
export interface ValetkeyPluginOptions {
  /** Opened by the host, and closed by it after its app. */
  readonly manager: OAuthManager;
  /**
   * Identifies the caller; `undefined` answers 401. It is called again while an event stream is open, so it must not use
   * anything up.
   */
  readonly authenticate?:
    | ((headers: IncomingHttpHeaders) => Promise<HostCaller | undefined> | HostCaller | undefined)
    | undefined;
  readonly apiKeys?: readonly HostApiKey[] | undefined;
  /** The look of the pages: a name, a colour `#rrggbb` that passes WCAG AA, a PNG or SVG of at most 12 KiB. */
  readonly brand?:
    | {
        readonly name?: string | undefined;
        readonly color?: string | undefined;
        readonly logo?: Uint8Array | undefined;
      }
    | undefined;
  /**
   * Requests per minute of a caller (default 6000) and of a browser's address (default 600), 0 = no limit; counted in the
   * manager's store, for all replicas, unless the host has counters of its own. `false` leaves limiting to the host,
   * including that of wrong credentials.
   */
  readonly limits?: false | Partial<RateLimitOptions> | undefined;
  /** Hands out tokens and links even when the audit trail cannot be written. */
  readonly auditFailOpen?: boolean | undefined;
  /** How often a quiet event stream sends a sign of life, ms; 15 s by default. */
  readonly heartbeatMs?: number | undefined;
  /** Epoch ms; for tests. */
  readonly now?: (() => number) | undefined;
}

/**
 * An option that the host's `fastify()` needs to accept user ids of every length: the router limits a part of the path to
 * 100 characters, and a user id of 256 is longer still when it is percent-encoded. Spread it into the options.
 */
export const valetkeyServerOptions = { routerOptions: serverOptions.routerOptions };

/**
 * `/v1/…`, `/oauth/…`, `/connections/…` and `/assets/…`, below the path of the manager's `baseUrl`. If the plugin is
 * registered with a prefix, below that instead, for a proxy that removes another part of the path.
 *
 * Nothing leaks into the host: parsers, schema compilers, error and not-found handlers, and headers stay inside.
 *
 * @throws {ConfigurationError} options that cannot work, when the app becomes ready
 */
export const valetkey: FastifyPluginAsync<ValetkeyPluginOptions> = async (app, options) => {
  const { manager, heartbeatMs, auditFailOpen, now = () => manager.now() } = options;
  const authenticate = authenticatorOf(options);
  const brand = brandOf(options);
  const limits = limitsOf(options);
  const basePath = new URL(manager.baseUrl).pathname.replace(/\/+$/, '');
  warnOfShortParams(app);
  const routes: FastifyPluginAsync = async (scope) => {
    await scope.register(pages, { manager, baseUrl: manager.baseUrl, brand, now, limits });
    await scope.register(api, { manager, authenticate, heartbeatMs, limits, auditFailOpen, prefix: '/v1' });
  };
  await app.register(routes, app.prefix === '' && basePath !== '' ? { prefix: basePath } : {});
};

/** Pages are not part of the API that a host documents. */
const pages: FastifyPluginAsync<BrowserRoutesOptions> = async (app, options) => {
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, hide: true };
  });
  await app.register(browserRoutes, options);
};

const api: FastifyPluginAsync<V1Options> = async (app, options) => {
  // A host that documents its own routes would include these, and could not process their schemas.
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, swaggerTransform: jsonSchemaTransform };
  });
  app.setNotFoundHandler((request, reply) => answerError({ statusCode: 404 }, request, reply));
  const { manager, authenticate, heartbeatMs, limits, auditFailOpen } = options;
  // Not `options` themselves: the prefix in them would be applied twice.
  await app.register(v1, { manager, authenticate, heartbeatMs, limits, auditFailOpen });
};

/** The router would answer 404 for long ids before any code of ours runs. */
function warnOfShortParams(app: FastifyInstance): void {
  const longest = app.initialConfig.routerOptions?.maxParamLength ?? 100;
  if (longest >= serverOptions.routerOptions.maxParamLength) return;
  app.log.warn({ maxParamLength: longest }, 'valetkey: long user ids need valetkeyServerOptions in fastify(…)');
}

const apiKeySchema = z.object({
  id: z.string().min(1).max(64),
  role: z.enum(['bot', 'viewer', 'admin'], 'must be bot, viewer or admin'),
  secret: z
    .string()
    .min(32, 'must be at least 32 characters')
    .regex(/^[\x21-\x7e]*$/, 'must be printable ASCII without spaces')
    .transform((text) => new Secret(text)),
  tenant: tenantIdSchema.default(defaultTenant),
});

const callerSchema = z
  .object({
    id: z.string().min(1),
    role: z.enum(['bot', 'viewer', 'admin', 'user']),
    tenant: tenantIdSchema.default(defaultTenant),
    providers: z.array(providerIdSchema).optional(),
    userId: userIdSchema.optional(),
  })
  .refine(({ role, userId }) => role !== 'user' || userId !== undefined);

const brandSchema: z.ZodType<Brand, unknown> = z
  .strictObject({ name: brandNameSchema, color: brandColorSchema, logo: logoSchema })
  .partial();

function brandOf({ brand = {} }: ValetkeyPluginOptions): Brand {
  const parsed = brandSchema.safeParse(brand);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(parsed.error.issues.map((issue) => faultOf('brand', issue)));
}

function limitsOf({ manager, limits = {} }: ValetkeyPluginOptions): RateLimitOptions | undefined {
  if (limits === false) return undefined;
  const { counters = manager.counters, perCaller, perBrowserAddress } = { ...usualLimits, ...limits };
  return { counters, perCaller, perBrowserAddress };
}

function authenticatorOf({ authenticate, apiKeys }: ValetkeyPluginOptions): Authenticate {
  if ((authenticate === undefined) === (apiKeys === undefined)) {
    throw new ConfigurationError([{ name: 'authenticate', problem: 'give either this or apiKeys' }]);
  }
  return authenticate ? byHost(authenticate) : byKeys(apiKeys ?? []);
}

/** What the host answers is checked like any input: an invalid caller is the host's mistake. */
function byHost(ask: NonNullable<ValetkeyPluginOptions['authenticate']>): Authenticate {
  return async (headers): Promise<Caller> => {
    const told = await ask(headers);
    if (told === undefined) throw new Unauthorized('host_refused', headers.authorization !== undefined);
    const caller = callerSchema.safeParse(told);
    if (caller.success) return caller.data;
    const fields = caller.error.issues.map((issue) => issue.path.join('.') || 'userId');
    throw new TypeError(`authenticate: cannot be used: ${[...new Set(fields)].join(', ')}`);
  };
}

function byKeys(keys: readonly HostApiKey[]): Authenticate {
  const parsed = z.array(apiKeySchema).min(1, 'holds no key').safeParse(keys);
  if (!parsed.success) throw new ConfigurationError(parsed.error.issues.map((issue) => faultOf('apiKeys', issue)));
  const find = knownKeys(parsed.data);
  return async (headers) => {
    const caller = find(readCredential(headers));
    if (caller === undefined) throw new Unauthorized('credential_unknown', true);
    return caller;
  };
}

function faultOf(option: string, { path, message }: { path: PropertyKey[]; message: string }) {
  return { name: [option, ...path.map(String)].join('.'), problem: message };
}
