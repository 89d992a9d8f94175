/** Reads variables one by one and collects every fault, so that an operator can mend all of them at once. */

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ConfigurationError } from '../core/errors.js';

/** Names to texts, as `process.env` is. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Marks the lines of `.env.example` that have to be filled in. */
const placeholder = /replace-me/i;

/** What is left of the mark before UTF-16 in a name, as Node reads the file as UTF-8; the other names are unreadable. */
const markOfUtf16 = '\uFFFD\uFFFD';

/** One reading of an environment. Faults name the variable and the problem, never the value. */
export class EnvironmentReader {
  readonly #environment: Environment;
  readonly #faults: { name: string; problem: string }[] = [];
  readonly #asked = new Set<string>();

  constructor(environment: Environment) {
    this.#environment = withoutMark(environment);
    if (Object.keys(environment).some((name) => name.startsWith(markOfUtf16))) {
      this.fault('.env', 'this file of variables is UTF-16, and none of them could be read; save it as UTF-8');
    }
  }

  /** Notes a fault; reading goes on. */
  fault(name: string, problem: string): void {
    this.#faults.push({ name, problem });
  }

  /** Whether the variable (or its file variant) is given at all; an empty string counts as not given. */
  has(name: string): boolean {
    return this.#asks(name) !== undefined || this.#asks(`${name}_FILE`) !== undefined;
  }

  /** The names of all variables that are given. */
  names(): readonly string[] {
    return Object.keys(this.#environment).filter((name) => this.#given(name) !== undefined);
  }

  /** The names that were read and are not given. */
  missingNames(): readonly string[] {
    return [...this.#asked].filter((name) => this.#given(name) === undefined);
  }

  /** The names that are given and were never read. */
  unreadNames(): readonly string[] {
    return this.names().filter((name) => !this.#asked.has(name));
  }

  /** The value by its schema; `undefined` when it is not given or faulty. */
  read<T>(name: string, schema: z.ZodType<T, string>): T | undefined {
    return this.#parse(name, this.#asks(name), schema);
  }

  /** As {@link read}, from the variable or from the file that `NAME_FILE` names. To set both is a fault. */
  readSecret<T>(name: string, schema: z.ZodType<T, string>): T | undefined {
    const path = this.#asks(`${name}_FILE`);
    if (path === undefined) return this.read(name, schema);
    if (this.#asks(name) !== undefined) {
      this.fault(name, `is set together with ${name}_FILE; set one of them`);
      return undefined;
    }
    return this.#parse(`${name}_FILE`, this.readFile(`${name}_FILE`, path)?.trim(), schema);
  }

  /** The text of the file that a variable names; `undefined` when it is faulty. */
  readFile(name: string, path: string): string | undefined {
    try {
      const bytes = readFileSync(path);
      const text = bytes.toString();
      // Bytes that are not UTF-8 would be replaced; plain letters in UTF-16 are valid UTF-8 with NULs in between.
      if (!isUtf8(bytes) || bytes.includes(0)) this.fault(name, 'names a file that is no UTF-8 text');
      else if (text.trim() === '') this.fault(name, 'names an empty file');
      else return text;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
      this.fault(name, `names a file that cannot be read${code}`);
    }
    return undefined;
  }

  /** Throws if there was any fault. */
  finish(): void {
    if (this.#faults.length > 0) throw new ConfigurationError(this.#faults);
  }

  /** Whether there was no fault so far. */
  get sound(): boolean {
    return this.#faults.length === 0;
  }

  #asks(name: string): string | undefined {
    this.#asked.add(name);
    return this.#given(name);
  }

  // Shells, compose files and orchestrators pass an unset variable as an empty string.
  #given(name: string): string | undefined {
    const value = this.#environment[name]?.trim();
    return value === '' ? undefined : value;
  }

  #parse<T>(name: string, value: string | undefined, schema: z.ZodType<T, string>): T | undefined {
    if (value === undefined) return undefined;
    if (placeholder.test(value)) {
      this.fault(name, 'still holds the placeholder of .env.example');
      return undefined;
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const problem of new Set(parsed.error.issues.map((issue) => issue.message))) this.fault(name, problem);
    return undefined;
  }
}

/** Some editors put a byte order mark before a file of variables; Node then takes it for a part of the first name. */
function withoutMark(environment: Environment): Environment {
  const marked = Object.keys(environment).find((name) => name.startsWith('\uFEFF'));
  return marked === undefined ? environment : { [marked.slice(1).trim()]: environment[marked], ...environment };
}
