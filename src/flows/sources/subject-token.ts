/**
 * What a subject token says of itself, if it is a JWT. It is not verified here: the authorization server does that. So it is
 * only used to refuse a token, to forget one sooner, and for the audit trail after the server has accepted the token.
 */

import { userIdSchema } from '../../core/identifiers.js';
import type { Provider } from '../../core/provider.js';
import type { Secret } from '../../core/secret.js';
import type { ExchangeSettings } from '../../core/token-source.js';
import type { Delegation } from '../../core/views.js';
import { readJwtClaims } from '../../protocol/dialects.js';

/** How many nested actors (RFC 8693 section 4.1) are reported. */
const mostActors = 5;

/** Why we may not exchange the token, in words that quote nothing of it; `undefined` when we may. */
export function refusalOf(provider: Provider, settings: ExchangeSettings, subjectToken: Secret): string | undefined {
  const { subjectIssuers, actor = provider.clientId } = settings;
  const claims = readJwtClaims(subjectToken.reveal());
  if (subjectIssuers !== undefined && !subjectIssuers.some((trusted) => trusted === claims?.iss)) {
    return 'The subject token is of an issuer that is not trusted here.';
  }
  if (claims?.may_act !== undefined && !names(claims.may_act, actor)) {
    return 'The subject token lets somebody else act for its subject (may_act).';
  }
  return undefined;
}

/** RFC 8693 section 4.4: the claims of `may_act` name one party. */
function names(mayAct: unknown, actor: string): boolean {
  const { sub, client_id: client } = Object(mayAct);
  return (sub ?? client) === actor && (client ?? actor) === actor;
}

/** Epoch ms at which the token ends, if it says so. */
export function endOf(subjectToken: Secret): number | undefined {
  const end = readJwtClaims(subjectToken.reveal())?.exp;
  return typeof end === 'number' && Number.isFinite(end) ? Math.floor(end * 1000) : undefined;
}

/**
 * Whom the issued token is about and who acts for them, the current actor first. If the issued token names actors (`act`),
 * those count; otherwise we are the one who acts.
 */
export function delegationOf(provider: Provider, subjectToken: Secret, issued: Secret): Delegation | undefined {
  const [given, got] = [readJwtClaims(subjectToken.reveal()), readJwtClaims(issued.reveal())];
  const subject = readName(got?.sub) ?? readName(given?.sub);
  const told = actorsOf(got?.act);
  if (subject === undefined && told.length === 0) return undefined;
  return { subject, actors: told.length > 0 ? told : [provider.clientId] };
}

function actorsOf(act: unknown): readonly string[] {
  const actors: string[] = [];
  for (let one = act; typeof one === 'object' && one !== null && actors.length < mostActors; one = Object(one).act) {
    actors.push(readName(Object(one).sub) ?? readName(Object(one).client_id) ?? 'unnamed');
  }
  return actors;
}

/** Text that is safe to keep and to show, or nothing. */
function readName(value: unknown): string | undefined {
  return userIdSchema.safeParse(value).data;
}
