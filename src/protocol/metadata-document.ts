/** Metadata documents from URLs that a stranger chose: fetched, and read by a schema. */

import type { z } from 'zod';
import { DiscoveryFailed, type DiscoveryStep, ProviderUnavailable } from '../core/errors.js';
import { isJsonObject } from '../core/json-paths.js';
import type { JsonObject } from '../core/provider.js';
import type { Http } from './http.js';
import { HttpFailure } from './http-failure.js';

/** Which document, and on which step of discovery. */
export interface WantedDocument {
  readonly step: DiscoveryStep;
  readonly url: string;
}

/**
 * Fetches a JSON object. Redirects are not followed: a document that is elsewhere counts as absent, and so does a page
 * for people.
 *
 * @returns `undefined` when there is none at that URL: 3xx, 4xx, or no JSON
 * @throws {ProviderUnavailable} no answer, 429 or 5xx: it may be there later, and nothing else may stand in for it
 * @throws {DiscoveryFailed} the URL may not be called, or the document is no JSON object
 */
export async function fetchDocument(http: Http, { step, url }: WantedDocument): Promise<JsonObject | undefined> {
  const response = await get(http, { step, url });
  if (response === undefined) return undefined;
  if (response.status === 429 || response.status >= 500) throw unavailable(step, url);
  if (response.status !== 200) return undefined;
  if (!/^application\/([\w.+-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '')) return undefined;
  return parseObject(await response.text(), { step, url });
}

async function get(http: Http, { step, url }: WantedDocument): Promise<Response | undefined> {
  try {
    return await http.fetch(url, { method: 'GET', headers: { accept: 'application/json' } });
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    if (error.kind === 'redirect') return undefined;
    if (error.kind === 'insecure') throw new DiscoveryFailed(step, url, 'is not https.');
    if (error.kind === 'too_large') throw new DiscoveryFailed(step, url, 'sent too much.');
    throw unavailable(step, url);
  }
}

function parseObject(text: string, { step, url }: WantedDocument): JsonObject {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isJsonObject(parsed)) return parsed;
  } catch {
    // The parser's message would repeat what was fetched.
  }
  throw new DiscoveryFailed(step, url, 'sent something that is no JSON object.');
}

/** Without the fields that are null or empty: many servers write those for what they should leave out. */
export function presentFields(document: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null && value !== ''));
}

/** The document by a schema. @throws {DiscoveryFailed} naming the fields that do not fit, never what they hold */
export function readDocument<S extends z.ZodType>(
  schema: S,
  document: JsonObject,
  { step, url }: WantedDocument,
): z.output<S> {
  const parsed = schema.safeParse(presentFields(document));
  if (parsed.success) return parsed.data;
  const fields = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
  throw new DiscoveryFailed(step, url, `has metadata that cannot be used (${[...fields].join(', ')}).`);
}

function unavailable(step: DiscoveryStep, url: string): ProviderUnavailable {
  const { origin, host } = new URL(url);
  return new ProviderUnavailable(`${step}: ${origin} could not be reached.`, { provider: host, reached: 'no' });
}
