/** The options of a manager, checked before anything is opened. */

import { z } from 'zod';
import type { ProviderEntry } from '../providers/index.js';
import { type ProofMode, proofModeSchema } from './core/connection.js';
import { ConfigurationError } from './core/errors.js';
import { providerIdSchema } from './core/identifiers.js';
import type { Log } from './core/log.js';
import { type McpPolicy, mcpPolicySchema } from './core/mcp-policy.js';
import { isNear } from './core/near-name.js';
import { baseUrlSchema, deepLinkSchema, originSchema, queriedUrlSchema } from './core/public-address.js';
import { isScopeToken } from './core/scope.js';
import type { Store } from './core/store.js';
import type { Rotation, TokenSource } from './core/token-source.js';
import type { Settings } from './flows/dependencies.js';
import type { StoreOptions } from './open-store.js';

/** One chat platform, and the id of the provider at which its people sign in. */
export interface ChatLoginOption {
  readonly platform: string;
  readonly provider: string;
  /** The scopes to ask for there; absent = those that the provider needs to tell who somebody is. */
  readonly scope?: readonly string[] | undefined;
}

/** The options of a manager. Durations in seconds, as in the environment. */
export interface ManagerOptions extends StoreOptions {
  /** Public origin (and path prefix) of the browser half; https unless loopback. */
  readonly baseUrl: string;
  /** By id; the fields of `PROVIDERS_FILE`, named as in RFC 8414 and RFC 7591. */
  readonly providers: Readonly<Record<string, ProviderEntry>>;
  /** Token sources of the host, by the id under which their tokens are asked for. */
  readonly sources?: Readonly<Record<string, TokenSource>> | undefined;
  /** Called when the refresh token of a fixed identity (source `refresh_token`) was replaced; it is stored by then. */
  readonly onRotate?: ((rotation: Rotation) => Promise<void> | void) | undefined;
  /** An open store instead of the store options; it is closed with the manager. */
  readonly store?: Store | undefined;
  /**
   * Writes an audit entry also for each token that is handed out in process, and hands none out without it. Off by default:
   * it costs a write where there is one read. The HTTP routes write theirs in any case.
   */
  readonly auditTokens?: boolean | undefined;
  /** How long before its end a token is refreshed, 300 by default; never more than half of its lifetime. */
  readonly refreshBufferSeconds?: number | undefined;
  /**
   * Refreshing ahead of callers, per provider and process: 10 at a time and 50 a second by default (0 = no limit); `false`
   * leaves refreshing to callers.
   */
  readonly refreshAhead?:
    | false
    | { readonly concurrency?: number | undefined; readonly perSecond?: number | undefined }
    | undefined;
  /** For how long a connect link is valid, 600 by default. */
  readonly linkCodeTtlSeconds?: number | undefined;
  /**
   * How to prove that the person in the browser is the person in the chat, if a connect does not say; default `chat_code`.
   */
  readonly connectProof?: ProofMode | undefined;
  /** Allows `none` for `connectProof` and for single links. Whoever gets a link then connects for its user. */
  readonly unsafeConnectWithoutProof?: boolean | undefined;
  /** One-tap link of the done page, with `{code}`: `https://t.me/my_bot?start={code}`. */
  readonly proofDeepLink?: string | undefined;
  /** Where the browser goes for proof `app_verifier`, with `connect_id` in the query. */
  readonly appVerifierUrl?: string | undefined;
  /** Exact origins that `returnTo` may lead to, beside paths of this service. */
  readonly returnToOrigins?: readonly string[] | undefined;
  /**
   * What to do when an account at a provider is connected by a second user, or a user connects another account; default
   * `warn`.
   */
  readonly accountPolicy?: 'warn' | 'deny' | undefined;
  /** Where people of a chat platform sign in, for proof `chat_login`. */
  readonly chatLogins?: readonly ChatLoginOption[] | undefined;
  /** Allows providers to have http endpoints on this machine, for development. */
  readonly allowInsecureLoopbackProviders?: boolean | undefined;
  /** How soon an issuer that failed is asked again, 5 by default; the pause doubles up to 300. */
  readonly issuerRetrySeconds?: number | undefined;
  /** Rules for MCP servers; the section `mcp` of `PROVIDERS_FILE`. Without it every public server may be used. */
  readonly mcp?: McpPolicy | undefined;
  /** Refreshes ahead of callers, keeps idle grants alive and removes unproven ones; on by default. */
  readonly backgroundWork?: boolean | undefined;
  readonly log?: Log | undefined;
  /** Called once the manager is closed. */
  readonly onClose?: (() => void) | undefined;
}

/** The rules for MCP servers. @throws {ConfigurationError} all faults at once */
export function parsePolicy(policy: McpPolicy = {}): McpPolicy {
  const parsed = mcpPolicySchema.safeParse(policy);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(faultsIn(parsed, 'mcp'));
}

const text = z.string('must be text').optional();

/** Checks that need only one option. JavaScript may pass what the types do not allow. */
const plainSchema = z.object({
  baseUrl: baseUrlSchema,
  encryptionKeys: text,
  redisUrl: text,
  keyPrefix: text,
  dataDir: text,
  proofDeepLink: deepLinkSchema.optional(),
  appVerifierUrl: queriedUrlSchema.optional(),
  returnToOrigins: z.array(originSchema, 'must be a list').default([]),
  chatLogins: z
    .array(
      z.object({
        platform: z.string().min(1, 'must not be empty'),
        provider: providerIdSchema,
        scope: z.array(z.string().refine(isScopeToken, 'must be a scope token')).optional(),
      }),
      'must be a list',
    )
    .default([]),
});

/** Options whose mistakes would do harm if they were ignored. */
const speltNames = [
  ...Object.keys(plainSchema.shape),
  ...(['spoolDir', 'redisWait', 'keyService', 'accountPolicy', 'auditTokens'] satisfies (keyof ManagerOptions)[]),
];

/** Settings for the flows. @throws {ConfigurationError} all faults at once */
export function settingsOf(options: ManagerOptions): Settings {
  const proof = options.connectProof ?? 'chat_code';
  const accountPolicy = options.accountPolicy ?? 'warn';
  const plain = plainSchema.safeParse(options);
  const allowNoProof = options.unsafeConnectWithoutProof ?? false;
  const faults = [
    ...faultsIn(plain),
    ...misspeltOptions(options),
    ...(options.store || options.encryptionKeys
      ? []
      : [fault('encryptionKeys', 'is missing; "npx valetkey keys generate" makes one')]),
    ...choiceFaults('connectProof', proof, proofModeSchema.options),
    ...(proof === 'none' && !allowNoProof ? [fault('connectProof', '"none" needs unsafeConnectWithoutProof')] : []),
    ...(proof === 'app_verifier' && !options.appVerifierUrl
      ? [fault('appVerifierUrl', 'is needed for app_verifier')]
      : []),
    ...(proof === 'chat_login' && !options.chatLogins?.length ? [fault('chatLogins', 'is needed for chat_login')] : []),
    ...choiceFaults('accountPolicy', accountPolicy, ['warn', 'deny']),
    ...numberFaults(options),
  ];
  if (!plain.success || faults.length > 0) throw new ConfigurationError(faults);
  const { baseUrl, proofDeepLink, appVerifierUrl, returnToOrigins, chatLogins } = plain.data;
  return {
    baseUrl,
    proofDeepLink,
    appVerifierUrl,
    returnToOrigins,
    chatLogins,
    refreshBufferMs: (options.refreshBufferSeconds ?? 300) * 1_000,
    linkTtlMs: (options.linkCodeTtlSeconds ?? 600) * 1_000,
    proof,
    allowNoProof,
    proofTtlMs: 600_000,
    proofAttempts: 5,
    accountPolicy,
    requestDeadlineMs: 10_000,
    auditTokens: options.auditTokens ?? false,
    refreshAhead: aheadOf(options.refreshAhead),
  };
}

/** Limits of one process; a rate of 0 means no limit. */
function aheadOf(ahead: ManagerOptions['refreshAhead']): Settings['refreshAhead'] {
  if (ahead === false) return undefined;
  return { concurrency: ahead?.concurrency ?? 10, perSecond: ahead?.perSecond ?? 50 };
}

function fault(name: string, problem: string) {
  return { name, problem };
}

function faultsIn({ error }: z.ZodSafeParseResult<unknown>, ...option: readonly string[]) {
  return (error?.issues ?? []).map(({ path, message }) => fault([...option, ...path].join('.'), message));
}

/**
 * With `redisURL` instead of `redisUrl` a program would silently get an empty store of its own. A name that is like no
 * option is ignored.
 */
function misspeltOptions(options: ManagerOptions) {
  const lettersOf = (name: string) => name.replaceAll('_', '').toLowerCase();
  return Object.keys(options).flatMap((given) => {
    const isMeant = (name: string) => lettersOf(name) === lettersOf(given) || isNear(lettersOf(name), lettersOf(given));
    const meant = speltNames.includes(given) ? undefined : speltNames.find(isMeant);
    return meant === undefined ? [] : [fault(given, `is no option; is ${meant} meant?`)];
  });
}

/** A typing error in a value from JavaScript; if it were ignored, a misspelt `deny` would only warn. */
function choiceFaults(name: string, chosen: string, choices: readonly string[]) {
  return choices.includes(chosen) ? [] : [fault(name, `must be one of ${choices.join(', ')}`)];
}

function numberFaults(options: ManagerOptions) {
  const { concurrency, perSecond } = options.refreshAhead || {};
  const numbers: [name: string, given: number | undefined, least: number][] = [
    ['refreshBufferSeconds', options.refreshBufferSeconds, 0],
    ['linkCodeTtlSeconds', options.linkCodeTtlSeconds, 1],
    ['issuerRetrySeconds', options.issuerRetrySeconds, 0.01],
    ['auditRetentionDays', options.auditRetentionDays, 0],
    ['refreshAhead.concurrency', concurrency, 1],
    ['refreshAhead.perSecond', perSecond, 0],
  ];
  return numbers
    .filter(([, given, least]) => given !== undefined && !(Number.isFinite(given) && given >= least))
    .map(([name, , least]) => fault(name, `must be a number, at least ${least}`));
}
