/** Reads the challenges of a 401 or 403 by the grammar of RFC 9110 section 11.6.1, in one pass. */

import { isScopeToken, type Scope } from '../core/scope.js';

/** A Bearer challenge (RFC 6750 section 3, RFC 9728 section 5.1). */
export interface BearerChallenge {
  /** In the order they stand; one, unless the server repeats itself. Not checked in any way. */
  readonly resourceMetadata: readonly string[];
  readonly scope?: Scope;
  readonly error?: string;
}

/** One challenge as it stands. Names are lower case; a parameter that is repeated has several values. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, readonly string[]>;
}

/** A longer header is no challenge but an attack on whoever reads it. */
const longestHeader = 8 * 1024;
const mostScopeTokens = 100;
/** Repeated locations that are tried; RFC 9110 allows one. */
const mostLocations = 2;

/**
 * The Bearer challenge among those of a response.
 *
 * @param header the header's value; several lines joined by commas, as `Headers` does
 * @returns `undefined` when there is none, or the header cannot be read
 */
export function findBearerChallenge(header: string | null | undefined): BearerChallenge | undefined {
  const bearers = parseChallenges(header ?? '').filter(({ scheme }) => scheme === 'bearer');
  const chosen = bearers.find(({ parameters }) => parameters.size > 0) ?? bearers[0];
  if (chosen === undefined) return undefined;
  const scope = readScope(sole(chosen, 'scope'));
  const error = sole(chosen, 'error');
  return {
    resourceMetadata: (chosen.parameters.get('resource_metadata') ?? []).slice(0, mostLocations),
    ...(scope && { scope }),
    ...(error !== undefined && { error }),
  };
}

/** The value of a parameter that stands there once; one that is repeated is worth nothing (RFC 6750 section 3). */
function sole({ parameters }: Challenge, name: string): string | undefined {
  const values = parameters.get(name) ?? [];
  return values.length === 1 ? values[0] : undefined;
}

function readScope(text: string | undefined): Scope | undefined {
  const tokens = text?.split(' ').filter((token) => token !== '') ?? [];
  const isUsable = tokens.length > 0 && tokens.length <= mostScopeTokens && tokens.every(isScopeToken);
  return isUsable ? [...new Set(tokens)] : undefined;
}

/** All challenges of a header, as far as it can be read. A header of more than 8 KiB has none. */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > longestHeader) return [];
  const reader = new HeaderReader(header);
  const challenges: { scheme: string; parameters: Map<string, string[]> }[] = [];
  for (;;) {
    reader.skip(betweenElements);
    const name = reader.token().toLowerCase();
    if (name === '') return challenges;
    const current = challenges.at(-1);
    const value = current && reader.parameterValue();
    if (value === 'unreadable') return challenges;
    if (current && value) {
      current.parameters.set(name, [...(current.parameters.get(name) ?? []), value.text]);
    } else {
      reader.skipToken68();
      challenges.push({ scheme: name, parameters: new Map() });
    }
  }
}

const tokenCharacter = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const token68Character = /[A-Za-z0-9\-._~+/]/;
const blank = /[ \t]/;
const betweenElements = /[ \t,]/;

/** A place in a header that only moves forward, but for the look at a token68. */
class HeaderReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  skip(characters: RegExp): void {
    while (this.#sees(characters)) this.#at += 1;
  }

  /** The token at this place; empty when there is none. */
  token(): string {
    const start = this.#at;
    this.skip(tokenCharacter);
    return this.#text.slice(start, this.#at);
  }

  /** What stands behind `=`, if that comes next; otherwise the token before was a scheme. */
  parameterValue(): { readonly text: string } | 'unreadable' | undefined {
    const start = this.#at;
    this.skip(blank);
    if (this.#text[this.#at] !== '=') {
      this.#at = start;
      return undefined;
    }
    this.#at += 1;
    this.skip(blank);
    if (this.#text[this.#at] === '"') return this.#quoted();
    const text = this.token();
    return text === '' || !this.#atElementEnd() ? 'unreadable' : { text };
  }

  /** Passes over `Basic dGVzdA==`: credentials of that form hold nothing for us. */
  skipToken68(): void {
    const start = this.#at;
    this.skip(blank);
    if (this.#at === start) return;
    const first = this.#at;
    this.skip(token68Character);
    const isEmpty = this.#at === first;
    this.skip(/=/);
    if (isEmpty || !this.#atElementEnd()) this.#at = start;
  }

  #quoted(): { readonly text: string } | 'unreadable' {
    let text = '';
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at];
      this.#at += 1;
      if (character === '"') return this.#atElementEnd() ? { text } : 'unreadable';
      if (character !== '\\') text += character;
      else {
        text += this.#text[this.#at] ?? '';
        this.#at += 1;
      }
    }
    return 'unreadable';
  }

  #atElementEnd(): boolean {
    let at = this.#at;
    while (blank.test(this.#text[at] ?? '')) at += 1;
    return at >= this.#text.length || this.#text[at] === ',';
  }

  #sees(characters: RegExp): boolean {
    const character = this.#text[this.#at];
    return character !== undefined && characters.test(character);
  }
}
