/** The providers of this deployment: from `<PROVIDER>_CLIENT_ID` and similar variables, joined with PROVIDERS_FILE. */

import { createRequire } from 'node:module';
import { z } from 'zod';
import {
  catalogue,
  createRegistry,
  type ProviderEntry,
  partEntries,
  providerEntrySchema,
} from '../../providers/index.js';
import { environmentPrefix, secretFields } from '../../providers/references.js';
import { lacksSecret } from '../../providers/registry.js';
import { ConfigurationError } from '../core/errors.js';
import { isProviderId, providerIdSchema } from '../core/identifiers.js';
import { type McpPolicy, mcpPolicySchema } from '../core/mcp-policy.js';
import { nameSchema } from './config-schema.js';
import type { EnvironmentReader } from './environment.js';

/** What was read about providers. `entries` is the input of `createRegistry`. */
export interface ProviderSettings {
  readonly entries: Readonly<Record<string, ProviderEntry>>;
  /** The section `mcp` of the file. */
  readonly mcp?: McpPolicy;
  readonly warnings: readonly string[];
}

type DraftEntries = Map<string, Record<string, unknown>>;
/** The variables that are not set, by the place that refers to them: `id.field`. */
type UnsetReferences = Map<string, string>;

/** Reads and checks everything about providers; faults are noted with the reader. */
export function readProviders(reader: EnvironmentReader, allowInsecureLoopback: boolean): ProviderSettings {
  const { drafts, mcp } = readProvidersFile(reader);
  const unset: UnsetReferences = new Map();
  for (const [id, draft] of drafts) drafts.set(id, resolveReferences(reader, { id, draft, unset }));
  const known = new Map([...catalogue.keys(), ...drafts.keys()].map((id) => [environmentPrefix(id), id]));
  for (const [prefix, id] of known) readVariables(reader, { prefix, id, drafts });
  const entries = parseEntries(reader, drafts);
  checkClients(reader, entries);
  checkRegistry(reader, entries, { allowInsecureLoopback, unset });
  const missing = [...unset].map(([place, name]) => `PROVIDERS_FILE: ${place} is in ${name}, which is not set.`);
  return { entries, ...(mcp && { mcp }), warnings: [...unknownProviders(reader, known), ...missing] };
}

const fileSchema = z.strictObject({
  providers: z.record(z.string(), z.record(z.string(), z.unknown())),
  mcp: z.unknown().optional(),
});

const fileForm = '{"providers": {"<id>": {...}}}';

/** Their names; a file of providers without the outer field is told by them, too. */
function unknownFields({ issues }: z.ZodError): string {
  const names = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const shown = names.map((name) => (providerIdSchema.safeParse(name).success ? name : 'one that is not shown'));
  return names.length === 0 ? '' : `; unknown: ${shown.join(', ')}`;
}

function readProvidersFile(reader: EnvironmentReader): { drafts: DraftEntries; mcp?: McpPolicy | undefined } {
  const path = reader.read('PROVIDERS_FILE', z.string());
  if (path === undefined) return { drafts: new Map() };
  const parsed = fileSchema.safeParse(loadFile(reader, path));
  if (!parsed.success) {
    if (reader.sound) reader.fault('PROVIDERS_FILE', `${path} must be ${fileForm}${unknownFields(parsed.error)}`);
    return { drafts: new Map() };
  }
  for (const id of Object.keys(parsed.data.providers)) {
    if (!providerIdSchema.safeParse(id).success) {
      reader.fault('PROVIDERS_FILE', 'a provider id must be 1-64 characters of a-z 0-9 _ -');
    }
  }
  return { drafts: new Map(Object.entries(parsed.data.providers)), mcp: parseMcp(reader, parsed.data.mcp) };
}

/** The section about MCP servers. */
function parseMcp(reader: EnvironmentReader, section: unknown): McpPolicy | undefined {
  if (section === undefined) return undefined;
  const parsed = mcpPolicySchema.safeParse(section, { error: unquoted });
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    // The URL of a server may hold something private, so it is not repeated.
    const place = path.map((part, at) => (path[at - 1] === 'servers' ? '<url>' : String(part)));
    reader.fault('PROVIDERS_FILE', `${['mcp', ...place].join('.')}: ${message}`);
  }
  return undefined;
}

// JSON is YAML 1.2, so one parser reads both.
function loadFile(reader: EnvironmentReader, path: string): unknown {
  const text = reader.readFile('PROVIDERS_FILE', path);
  if (text === undefined) return undefined;
  try {
    // Loaded only if there is such a file: the parser takes 4 percent of the start, and 8 MB.
    const yaml: typeof import('yaml') = createRequire(import.meta.url)('yaml');
    return yaml.parse(text);
  } catch {
    reader.fault('PROVIDERS_FILE', `${path} is neither JSON nor YAML`);
    return undefined;
  }
}

/** One schema for the 120 variables of all providers. */
const textSchema = z.string();

/** The environment overrides the file, so that one file can serve several deployments. */
function readVariables(
  reader: EnvironmentReader,
  { prefix, id, drafts }: { prefix: string; id: string; drafts: DraftEntries },
): void {
  const found = {
    client_id: reader.read(`${prefix}_CLIENT_ID`, nameSchema),
    client_secret: reader.readSecret(`${prefix}_CLIENT_SECRET`, textSchema),
    signal_key: reader.readSecret(`${prefix}_SIGNAL_KEY`, textSchema),
    scopes: reader.read(`${prefix}_SCOPES`, textSchema),
    ...readSourceSecret(reader, prefix, drafts.get(id)?.source),
    ...(id.startsWith('microsoft') ? { tenant: reader.read(`${prefix}_TENANT`, nameSchema) } : {}),
  };
  const given = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  if (Object.keys(given).length === 0) return;
  drafts.set(id, { ...drafts.get(id), ...given });
}

/** Variables with such names are often meant for other programs, so they only count where a source needs them. */
function readSourceSecret(reader: EnvironmentReader, prefix: string, source: unknown): Record<string, unknown> {
  if (source === 'refresh_token') return { refresh_token: reader.readSecret(`${prefix}_REFRESH_TOKEN`, z.string()) };
  if (source === 'static') return { access_token: reader.readSecret(`${prefix}_ACCESS_TOKEN`, z.string()) };
  return {};
}

const referenceSchema = z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) });

/** `{env: NAME}` in place of a secret. If the variable is not set, the field is left out. */
function resolveReferences(
  reader: EnvironmentReader,
  { id, draft, unset }: { id: string; draft: Readonly<Record<string, unknown>>; unset: UnsetReferences },
): Record<string, unknown> {
  const resolved = { ...draft };
  for (const field of secretFields) {
    if (typeof draft[field] !== 'object' || draft[field] === null) continue;
    const reference = referenceSchema.safeParse(draft[field]);
    if (!reference.success) reader.fault('PROVIDERS_FILE', `${id}.${field}: must be a text or {env: NAME}`);
    const name = reference.success ? reference.data.env : undefined;
    const value = name === undefined ? undefined : reader.readSecret(name, z.string());
    if (name !== undefined && !reader.has(name)) unset.set(`${id}.${field}`, name);
    if (value === undefined) delete resolved[field];
    else resolved[field] = value;
  }
  return resolved;
}

function parseEntries(reader: EnvironmentReader, drafts: DraftEntries): Record<string, ProviderEntry> {
  const entries: Record<string, ProviderEntry> = {};
  for (const [id, draft] of drafts) {
    const parsed = providerEntrySchema.safeParse(draft, { error: unquoted });
    if (parsed.success) entries[id] = parsed.data;
    else for (const { path, message } of parsed.error.issues) blame(reader, [id, ...path].join('.'), message);
  }
  return entries;
}

/**
 * YAML reads `0123` as a number and `true` as a boolean, and many ids are made of digits. Other faults keep their message.
 */
function unquoted({ code, expected, input }: { code?: string; expected?: unknown; input?: unknown }) {
  const isText = code === 'invalid_type' && expected === 'string';
  return isText && ['number', 'boolean'].includes(typeof input) ? 'must be text: put it in quotes' : undefined;
}

/** What {@link readVariables} reads; everything else is in the file. */
const variableFields: ReadonlySet<string> = new Set([
  'client_id',
  'client_secret',
  'signal_key',
  'scopes',
  'refresh_token',
  'access_token',
  'tenant',
]);

/** Reports a fault where the operator has to look: at the provider's variables, or in the file. `place` is `id.field`. */
function blame(reader: EnvironmentReader, place: string, problem: string): void {
  const [id = '', field = ''] = place.split('.');
  const variable = `${environmentPrefix(id)}_${field.toUpperCase()}`;
  const isGiven = reader.has(variable) || reader.has(`${environmentPrefix(id)}_CLIENT_ID`);
  const isVariable = variableFields.has(field) && (isGiven || !reader.has('PROVIDERS_FILE'));
  if (isVariable) reader.fault(variable, problem);
  else reader.fault('PROVIDERS_FILE', `${place}: ${problem}`);
}

function checkClients(reader: EnvironmentReader, entries: Readonly<Record<string, ProviderEntry>>): void {
  for (const [id, entry] of Object.entries(entries)) {
    if (entry.client_id === undefined && entry.client_secret !== undefined)
      blame(reader, `${id}.client_id`, 'is missing');
  }
}

/** Faults that only show when templates and entries are joined. Entries that have none are checked in a second turn. */
function checkRegistry(
  reader: EnvironmentReader,
  entries: Readonly<Record<string, ProviderEntry>>,
  how: { readonly allowInsecureLoopback: boolean; readonly unset: UnsetReferences },
): void {
  // What an issuer's metadata will add is not known yet; the manager fetches it.
  const { known, open } = partEntries(entries);
  try {
    const registry = createRegistry(known, { allowInsecureLoopback: how.allowInsecureLoopback, open });
    for (const { id } of registry.known()) {
      const provider = registry.find(id);
      const isWhole = provider ? !lacksSecret(provider) : known[id]?.client_id === undefined;
      // A value that is given but unusable has been reported already.
      const isGiven = reader.has(`${environmentPrefix(id)}_CLIENT_SECRET`);
      const place = `${id}.client_secret`;
      const unset = how.unset.get(place);
      if (!isWhole && !isGiven) blame(reader, place, unset ? `is missing: ${unset} is not set` : 'is missing');
    }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const { name, problem } of error.faults) blame(reader, name, problem);
    const faulty = new Set(error.faults.map(({ name }) => name.split('.', 1)[0]));
    const others = Object.entries(entries).filter(([id]) => isProviderId(id) && !faulty.has(id));
    if (others.length < Object.keys(entries).length) checkRegistry(reader, Object.fromEntries(others), how);
  }
}

/** A misspelt name configures nothing, without an error; other programs have names like these, so it is only a warning. */
function unknownProviders(reader: EnvironmentReader, known: ReadonlyMap<string, string>): string[] {
  return reader.names().flatMap((name) => {
    const prefix = /^([A-Z0-9_]+)_CLIENT_ID(_FILE)?$/.exec(name)?.[1];
    if (prefix === undefined || known.has(prefix)) return [];
    return [`${name} is set, but no provider is called "${prefix.toLowerCase().replaceAll('_', '-')}".`];
  });
}
