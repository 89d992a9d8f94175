/** Reads the records of a file: one JSON value per line, or one JSON document that is or holds an array of them. */

import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isJsonObject } from '../core/json-paths.js';
import { ImportRefused } from './imported-token.js';

/** One line. */
export interface TextRecord {
  readonly where: string;
  /** `undefined` when it is not UTF-8: to replace wrong bytes would change a token. */
  readonly text: string | undefined;
}

/** All lines that are not empty, without a byte order mark before the first. @param path `-` reads the standard input */
export async function* readLines(path: string): AsyncGenerator<TextRecord> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  // One character per byte, as decoding UTF-8 here would replace wrong bytes.
  input.setEncoding('latin1');
  let line = 0;
  for await (const bytes of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    const text = decode(Buffer.from(bytes, 'latin1'));
    // `trim` would remove more than spaces, such as a byte order mark.
    if (text?.trim() !== '') yield { where: `line ${line}`, text: line === 1 ? text?.trim() : text };
  }
}

/** UTF-16 without a mark is valid UTF-8, with NULs in between. */
function decode(bytes: Buffer): string | undefined {
  return isUtf8(bytes) && !bytes.includes(0) ? bytes.toString() : undefined;
}

/** The text of a line. @throws {ImportRefused} it is not UTF-8 */
export function textOf({ text }: TextRecord): string {
  if (text === undefined) throw new ImportRefused('not UTF-8 text; save the file as that');
  return text;
}

/**
 * Records of lines, or of one document, which is read as a whole. `parse` throws `ImportRefused` for one that is not JSON.
 */
export async function* readRecords(path: string): AsyncGenerator<{ readonly where: string; parse(): unknown }> {
  const lines = readLines(path);
  const first = await lines.next();
  if (first.done) {
    yield { where: 'the file', parse: () => refuse('empty') };
    return;
  }
  if (isWhole(first.value)) {
    yield record(first.value);
    for await (const line of lines) yield record(line);
    return;
  }
  const all = [first.value];
  for await (const line of lines) all.push(line);
  const values = tryArrayIn(all);
  if (values === undefined) yield* brokenRecords(all);
  for (const [index, value] of (values ?? []).entries()) yield { where: `record ${index + 1}`, parse: () => value };
}

/** Either a document that is broken, or lines the first of which is broken: then most of the others are objects. */
function* brokenRecords(lines: readonly TextRecord[]) {
  const garbled = lines.filter(({ text }) => text === undefined);
  const objects = lines.filter(isObject);
  if (objects.length > lines.length / 2) yield* lines.map(record);
  else if (garbled.length > 0) yield* garbled.map(record);
  else yield record({ where: 'the file', text: '' });
}

function isObject(line: TextRecord): boolean {
  try {
    return isJsonObject(parseJson(line));
  } catch {
    return false;
  }
}

function record(line: TextRecord) {
  return { where: line.where, parse: () => parseJson(line) };
}

/** Whether a line is an object by itself; the first line of a document, or a whole array, is not. */
function isWhole(line: TextRecord): boolean {
  try {
    const value: unknown = parseJson(line);
    return !Array.isArray(value) && !(isJsonObject(value) && holdsArray(value));
  } catch {
    return !/^\s*[[{]/.test(line.text ?? ''); // else the first line of a document
  }
}

function holdsArray(value: object): boolean {
  const values = Object.values(value);
  return values.length === 1 && Array.isArray(values[0]);
}

function tryArrayIn(lines: readonly TextRecord[]): readonly unknown[] | undefined {
  try {
    return arrayIn(JSON.parse(lines.map(textOf).join('\n')));
  } catch {
    return undefined;
  }
}

function arrayIn(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document;
  const [only, ...others] = isJsonObject(document) ? Object.values(document) : [];
  return others.length === 0 && Array.isArray(only) ? only : [document];
}

function parseJson(line: TextRecord): unknown {
  const text = textOf(line);
  try {
    return JSON.parse(text);
  } catch {
    return refuse('not JSON');
  }
}

function refuse(problem: string): never {
  throw new ImportRefused(problem);
}
