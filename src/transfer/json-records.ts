/** Reads the records of a file: one JSON value per line, or one JSON document that is or holds an array of them. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ImportRefused } from './imported-token.js';

/** One record. `parse` throws `ImportRefused` when its line is no JSON. */
export interface TextRecord {
  readonly where: string;
  readonly text: string;
}

/** All lines that are not empty, without a byte order mark before the first. @param path `-` reads the standard input */
export async function* readLines(path: string): AsyncGenerator<TextRecord> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    // What trim takes away is more than spaces, a byte order mark among it.
    if (text.trim() !== '') yield { where: `line ${line}`, text: line === 1 ? text.trim() : text };
  }
}

/** Records of lines, or of one document. A document is read as a whole. */
export async function* readRecords(path: string): AsyncGenerator<{ readonly where: string; parse(): unknown }> {
  const lines = readLines(path);
  const first = await lines.next();
  if (first.done) return;
  if (isWhole(first.value.text)) {
    yield record(first.value);
    for await (const line of lines) yield record(line);
    return;
  }
  const all = [first.value];
  for await (const line of lines) all.push(line);
  const values = tryArrayIn(all.map(({ text }) => text).join('\n'));
  if (values === undefined) yield* brokenRecords(all);
  for (const [index, value] of (values ?? []).entries()) yield { where: `record ${index + 1}`, parse: () => value };
}

/** A document that is broken, or lines the first of which is: then most others are objects. */
function* brokenRecords(lines: readonly TextRecord[]) {
  const objects = lines.filter(({ text }) => isObject(text));
  if (objects.length > lines.length / 2) yield* lines.map(record);
  else yield record({ where: 'the file', text: '' });
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function record({ where, text }: TextRecord) {
  return { where, parse: () => parseJson(text) };
}

/** Whether a line alone is an object; the first line of a document, or a whole array, is not. */
function isWhole(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return !Array.isArray(value) && !(typeof value === 'object' && value !== null && holdsArray(value));
  } catch {
    return !/^\s*[[{]/.test(text); // else the first line of a document
  }
}

function holdsArray(value: object): boolean {
  const values = Object.values(value);
  return values.length === 1 && Array.isArray(values[0]);
}

function tryArrayIn(text: string): readonly unknown[] | undefined {
  try {
    return arrayIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function arrayIn(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document;
  if (typeof document !== 'object' || document === null) return [document];
  const [only, ...others] = Object.values(document);
  return others.length === 0 && Array.isArray(only) ? only : [document];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ImportRefused('not JSON');
  }
}
