/** What each environment variable may hold: one schema per kind of value, each from text to the value used inside. */

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { proofModeSchema } from '../core/connection.js';
import { tenantIdSchema } from '../core/identifiers.js';
import { originSchema } from '../core/public-address.js';
import { Secret } from '../core/secret.js';

/** What a caller of the API may do (design: Roles). */
export const callerRoleSchema = z.enum(['bot', 'viewer', 'admin'], 'the role must be bot, viewer or admin');
export type CallerRole = z.infer<typeof callerRoleSchema>;

const schemes = (...allowed: string[]) => `must be a URL with ${allowed.join(' or ')}`;
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`);

/** A TCP port, 1-65535. */
export const portSchema = wholeNumber(1, 65_535);

/** A plain number within bounds. */
export const countSchema = wholeNumber;

/** Seconds in the variable, ms inside. */
export const durationSchema = (leastSeconds: number, mostSeconds: number) =>
  wholeNumber(leastSeconds, mostSeconds).transform((seconds) => seconds * 1000);

/** Days in the variable, ms inside. */
export const daysSchema = wholeNumber(1, 3650).transform((days) => days * 86_400_000);

/** How often per minute; 0 = no limit. */
export const perMinuteSchema = wholeNumber(0, 1_000_000);

/** What to do when a person reconnects with another account: report it, or refuse. */
export const accountPolicySchema = z.enum(['warn', 'deny'], 'must be warn or deny');

/** The address to listen on: an IP address or a host name, without a port. */
export const hostSchema = z
  .string()
  .refine(
    (text) => ipaddr.isValid(text) || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(text),
    'must be an address or a host name, without a port',
  );

/** A switch: `true` or `false` and nothing else, so that a typing error does not switch something off. */
export const switchSchema = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

/** The levels of pino, loudest first; `silent` logs nothing. */
export const logLevelSchema = z.enum(
  ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
  'must be fatal, error, warn, info, debug, trace or silent',
);

/** One of the proof modes; the message lists them. */
export const connectProofSchema = z
  .string()
  .refine((text) => proofModeSchema.safeParse(text).success, `must be one of ${proofModeSchema.options.join(', ')}`)
  .transform((text) => proofModeSchema.parse(text));

/** The prefix of all keys in Redis. No colon, brace or star: those have a meaning in keys and patterns. */
export const keyPrefixSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/, 'must be 1-32 characters of A-Z a-z 0-9 _ . -');

/** The URL of Redis, single, Sentinel or Cluster. It may hold a password, so it is a `Secret`. */
export const redisUrlSchema = z
  .string()
  .regex(
    /^(rediss?|rediss?\+sentinel|rediss?\+cluster):\/\/\S+$/,
    schemes('redis://', 'rediss://', 'redis+sentinel://', 'redis+cluster://'),
  )
  .transform((url) => new Secret(url));

const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** Exact origins, separated by commas. */
export const originsSchema = commaList.pipe(z.array(originSchema));

/** Which proxies are trusted: how many are in front, or their addresses. `true` would trust everybody. */
export type TrustedProxies = number | readonly string[];

/** A count 1-9, or addresses and CIDR ranges separated by commas; a range of everything (`/0`) is refused. */
export const trustProxySchema = z.string().transform((text, context): TrustedProxies => {
  if (/^[1-9]$/.test(text)) return Number(text);
  const proxies = text.split(',').map((part) => part.trim());
  if (proxies.every(isProxyAddress)) return proxies;
  context.addIssue({ code: 'custom', message: 'must be a count of proxies (1-9), or addresses and CIDR ranges' });
  return z.NEVER;
});

function isProxyAddress(text: string): boolean {
  // ipaddr.js reads 10.1 as 10.0.0.1, as inet_aton(3) does; Node, which compares the addresses, does not.
  if (isIP(text.split('/', 1)[0] ?? '') === 0) return false;
  if (ipaddr.isValid(text)) return true;
  return ipaddr.isValidCIDR(text) && ipaddr.parseCIDR(text)[1] > 0;
}

const distinct = (values: readonly string[]) => new Set(values).size === values.length;

/** One key of the environment: `id:role:secret[:tenant]`. */
export interface ConfiguredApiKey {
  readonly id: string;
  readonly role: CallerRole;
  readonly secret: Secret;
  readonly tenant: string;
}

const apiKeySchema = z
  .string()
  .transform((text) => text.split(':'))
  .refine((parts) => parts.length === 3 || parts.length === 4, 'each must be id:role:secret or id:role:secret:tenant')
  .transform(([id = '', role = '', secret = '', tenant = 'default']) => ({ id, role, secret, tenant }))
  .pipe(
    z.object({
      id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'the id must be 1-64 characters of A-Z a-z 0-9 _ -'),
      role: z.string().pipe(callerRoleSchema),
      secret: z
        .string()
        .min(32, 'the secret must be at least 32 characters')
        .regex(/^[\x21-\x7e]*$/, 'the secret must be printable ASCII without spaces')
        .transform((value) => new Secret(value)),
      tenant: tenantIdSchema,
    }),
  );

/** Keys separated by commas; no two may have the same id or the same secret. */
export const apiKeysSchema = commaList
  .pipe(z.array(apiKeySchema).min(1, 'holds no key'))
  .transform((keys, context): readonly ConfiguredApiKey[] => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (!distinct(keys.map((key) => key.id))) refuse('two keys have the same id');
    if (!distinct(keys.map((key) => key.secret.reveal()))) refuse('two keys have the same secret');
    return keys;
  });

// 32 bytes are 43 characters and one `=`; the last of these characters holds only four bits.
const encryptionKey = /^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

const keysOf = (form: RegExp, problem: string) =>
  commaList
    .pipe(
      z
        .array(z.string().regex(form, problem))
        .min(1, 'holds no key')
        .refine((keys) => distinct(keys.map((key) => key.slice(0, key.indexOf(':')))), 'two keys have the same kid'),
    )
    .transform((keys) => new Secret(keys.join(',')));

/** Checks only the form; the keyring itself is parsed where it is used. */
export const encryptionKeysSchema = keysOf(encryptionKey, 'each must be kid:base64 of exactly 32 bytes');

/** The same for keys that a key service has wrapped: Vault's `vault:v1:base64`, or the base64 of KMS. */
export const wrappedKeysSchema = keysOf(
  /^[A-Za-z0-9_-]{1,32}:(vault:v\d+:)?[A-Za-z0-9+/]{44,4096}={0,2}$/,
  'each must be kid:wrapped as "valetkey keys generate" prints it with KEY_SERVICE',
);

/** Shared secrets for HS256: `secret` or `kid:secret`, each of at least 32 bytes (RFC 7518 section 3.2). */
export interface JwtSecret {
  readonly kid?: string;
  readonly secret: Secret;
}

/** Secrets separated by commas, each `secret` or `kid:secret`. */
export const jwtSecretsSchema = commaList
  .pipe(z.array(z.string()).min(1, 'holds no secret'))
  .transform((parts) => parts.map(splitJwtSecret))
  .refine(
    (secrets) => secrets.every(({ secret }) => Buffer.byteLength(secret.reveal()) >= 32),
    'each must be secret or kid:secret with at least 32 bytes of secret',
  );

function splitJwtSecret(text: string): JwtSecret {
  const named = /^([A-Za-z0-9._-]{1,64}):(.+)$/.exec(text);
  return named ? { kid: named[1], secret: new Secret(named[2] ?? '') } : { secret: new Secret(text) };
}

/** A name given by others, such as an issuer or an audience: up to 512 characters without spaces. */
export const nameSchema = z.string().max(512).regex(/^\S+$/, 'must not contain spaces');
