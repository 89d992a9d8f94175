/** The headers of an answer, read only when somebody asks for one; a `Headers` has the same methods. */

/** Headers as undici hands them over: names in lower case, several values where a name came several times. */
export type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Names in lower case. */
export interface AnswerHeaders {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** Headers as undici hands them over; several of one name are joined as RFC 9110 5.3 has it. */
export class JoinedHeaders implements AnswerHeaders {
  readonly #raw: RawHeaders;

  constructor(raw: RawHeaders) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    const value = this.#raw[name];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /** All of them. */
  entries(): [name: string, value: string][] {
    return Object.keys(this.#raw).map((name) => [name, this.get(name) ?? '']);
  }
}
