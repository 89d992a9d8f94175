/** Asks a token source, and passes on only what belongs to a token. */

import { z } from 'zod';
import { InvalidRequest, OAuthManagerError, ProviderError } from '../../core/errors.js';
import type { ProviderId } from '../../core/identifiers.js';
import { missingScope, type Scope } from '../../core/scope.js';
import { Secret } from '../../core/secret.js';
import type { SourcedToken, SourceRequest, TokenSource } from '../../core/token-source.js';
import type { AccessToken } from '../../core/views.js';
import type { Dependencies } from '../dependencies.js';

/** Hosts are not always written in TypeScript, and callers put both texts into a header (RFC 6749 appendix A.12 and A.13). */
const sourcedTokenSchema = z.object(
  {
    accessToken: z.preprocess(
      (given) => (given instanceof Secret ? given.reveal() : given),
      z.string('must be a text or a Secret').regex(/^[\x20-\x7e]+$/, 'must be printable ASCII, and not empty'),
    ),
    tokenType: z
      .string('must be text')
      .regex(/^[\x21-\x7e]+$/, 'must be one word')
      .default('Bearer'),
    expiresAt: z.number('must be a time in epoch ms').nonnegative('must not be negative').nullish(),
    scope: z.array(z.string('must be text'), 'must be a list of scope tokens').readonly().default([]),
    delegation: z
      .object(
        {
          subject: z.string('must be text').optional(),
          actors: z.array(z.string('must be text'), 'must be a list').readonly(),
        },
        'must be an object',
      )
      .optional(),
  },
  'must be an object',
);

/** A source and whose it is. */
export interface NamedSource {
  readonly provider: ProviderId;
  readonly source: TokenSource;
  /** What may be asked for; `undefined` where the source itself decides (a host's own). */
  readonly allowedScope: Scope | undefined;
}

/**
 * A token of a source. The request is checked before the source is asked.
 *
 * @throws {InvalidRequest} a subject token is missing, or given though the source takes none; a scope is not configured
 * @throws {ProviderError | ProviderUnavailable} from the source; any other error of a host's source becomes `ProviderError`
 */
export async function resolveToken(
  deps: Dependencies,
  named: NamedSource,
  request: SourceRequest,
): Promise<AccessToken> {
  checkRequest(named, request);
  return asking(deps, named, async () => handOut(named.provider, await named.source.resolve(request)));
}

/** Whether the source has a token for such a request, without asking anybody; `false` also where it would be refused. */
export async function canResolve(
  deps: Dependencies,
  named: Pick<NamedSource, 'provider' | 'source'>,
  request: SourceRequest,
): Promise<boolean> {
  const { source } = named;
  if (source.requiresSubjectToken !== hasSubject(request)) return false;
  return asking(deps, named, async () => (await source.has?.(request)) ?? true);
}

async function asking<T>(
  deps: Dependencies,
  { provider }: Pick<NamedSource, 'provider'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OAuthManagerError) throw error;
    // The error of the host's program may contain anything, so it is not logged.
    deps.log.error({ provider }, 'a token source failed in a way of its own');
    throw failed(provider, 'failed');
  }
}

function hasSubject({ subjectToken }: SourceRequest): boolean {
  return subjectToken !== undefined && subjectToken.reveal() !== '';
}

function checkRequest({ source, allowedScope }: NamedSource, request: SourceRequest): void {
  const { subjectToken, scope } = request;
  if (source.requiresSubjectToken && !hasSubject(request)) {
    throw new InvalidRequest('subject_token', 'is required: this provider exchanges tokens');
  }
  if (!source.requiresSubjectToken && subjectToken !== undefined) {
    throw new InvalidRequest('subject_token', 'is not taken: this provider exchanges no tokens');
  }
  if (allowedScope !== undefined && missingScope(allowedScope, scope).length > 0) {
    throw new InvalidRequest('scopes', 'must be among those that are configured for this provider');
  }
}

function handOut(provider: ProviderId, given: SourcedToken): AccessToken {
  const parsed = sourcedTokenSchema.safeParse(given);
  if (!parsed.success) throw failed(provider, `gave no usable token: ${faultOf(parsed.error)}`);
  const { accessToken, tokenType, expiresAt, scope, delegation } = parsed.data;
  return {
    accessToken: new Secret(accessToken),
    tokenType,
    expiresAt: expiresAt ?? undefined,
    scope,
    provider,
    connectionId: `source:${provider}`,
    ...(delegation && { delegation }),
  };
}

/** Names the field, but never quotes its value. */
function faultOf({ issues }: z.ZodError): string {
  const [{ path, message } = { path: [], message: 'is not valid' }] = issues;
  return `${path.join('.') || 'it'} ${message}`;
}

function failed(provider: ProviderId, problem: string): ProviderError {
  return new ProviderError(`The token source of ${provider} ${problem}.`, { provider });
}
