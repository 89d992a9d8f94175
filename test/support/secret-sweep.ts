/** Looks for secrets, in every encoding, in everything that a run has left behind. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { BotAnswer } from './bot.js';
import type { ScriptedServer } from './scripted-server.js';
import type { Place } from './service.js';

/** Makes the server issue tokens that cannot be confused with other text: `MARK-<kind>-<count>-…`. */
export function issueMarked(server: ScriptedServer): string[] {
  const issued: string[] = [];
  const mark = (kind: string) => {
    const token = `MARK-${kind}-${issued.length}-${'x7Qz'.repeat(6)}`;
    issued.push(token);
    return token;
  };
  server.answer('/authorize', ({ query }) => {
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('code', mark('code'));
    back.searchParams.set('state', query.get('state') ?? '');
    return { status: 302, headers: { location: back.href } };
  });
  const tokens = () => ({ access_token: mark('access'), refresh_token: mark('refresh'), id_token: mark('id') });
  server.answer('/token', ({ form }) => {
    const verifier = form.get('code_verifier');
    if (verifier !== null) issued.push(verifier);
    return { json: { ...tokens(), token_type: 'Bearer', expires_in: 3600 } };
  });
  server.answer('/userinfo', { json: { sub: '4711', name: 'Ada' } });
  server.answer('/revoke', { status: 200 });
  return issued;
}

/** Base64 of a secret inside other text: three alignments, without the characters that depend on the neighbours. */
function base64Within(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(Math.ceil((before * 8) / 6), whole);
  });
}

/** The encodings in which a secret could be in a text. */
export function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const [hex, encoded, within] = [bytes.toString('hex'), encodeURIComponent(secret), base64Within(bytes)];
  return [
    ...[secret, JSON.stringify(secret).slice(1, -1), hex, hex.toUpperCase()],
    ...[encoded, encoded.replaceAll('%20', '+'), encoded.toLowerCase(), encodeURIComponent(encoded)],
    ...within,
    ...within.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/** Which of the secrets are in which of the texts: `place: first characters`. */
export function findLeaks(texts: Readonly<Record<string, readonly string[]>>, secrets: readonly string[]): string[] {
  return Object.entries(texts).flatMap(([where, lines]) => {
    const text = lines.join('\n');
    return secrets
      .filter((secret) => spellings(secret).some((one) => text.includes(one)))
      .map((secret) => `${where}: ${secret.slice(0, 14)}`);
  });
}

/** Every key and value on the server with the prefix. */
async function dumpRedis(url: string, prefix: string): Promise<string[]> {
  const client = new Redis(url, { protocol: 2 });
  const dump: string[] = [];
  for (const key of await client.keys(`${prefix}*`)) {
    const type = await client.type(key);
    const value =
      type === 'hash'
        ? await client.hgetallBuffer(key)
        : type === 'string'
          ? await client.getBuffer(key)
          : type === 'stream'
            ? await client.xrangeBuffer(key, '-', '+')
            : type;
    dump.push(key, ...flatten(value));
  }
  client.disconnect();
  return dump;
}

function flatten(value: unknown): string[] {
  if (Buffer.isBuffer(value)) return [value.toString('latin1')];
  if (Array.isArray(value)) return value.flatMap(flatten);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, one]) => [name, ...flatten(one)]);
  return [String(value)];
}

async function dumpFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  return Promise.all(files.map(async (file) => (await readFile(join(file.parentPath, file.name))).toString('latin1')));
}

/** Everything in a store, names and values. */
export const dump = (place: Place) =>
  place.REDIS_URL === undefined ? dumpFiles(place.DATA_DIR ?? '') : dumpRedis(place.REDIS_URL, place.KEY_PREFIX ?? '');

/** Every command that the server gets from now on. */
export async function monitor(place: Place): Promise<string[]> {
  const lines: string[] = [];
  if (place.REDIS_URL === undefined) return lines;
  const client = new Redis(place.REDIS_URL, { protocol: 2 });
  const watch = await client.monitor();
  watch.on('monitor', (_time: string, args: string[]) => lines.push(args.join(' ')));
  onTestFinished(() => {
    watch.disconnect();
    client.disconnect();
  });
  return lines;
}

/** What callers and browsers received. A token or link that is handed out may be there once, and is left out. */
export class Sightings {
  readonly texts: string[] = [];
  readonly #issued: string[];

  constructor(issued: string[]) {
    this.#issued = issued;
  }

  keep({ status, headers, body }: BotAnswer): BotAnswer {
    const link = body.connect_url && new URL(body.connect_url).searchParams.get('link');
    if (link) this.#issued.push(link);
    const { access_token, connect_url, ...rest } = body;
    const told = status === 200 ? rest : { ...body, connect_url: connect_url?.replace(link || '\0', '') };
    this.texts.push(JSON.stringify([...headers, told]));
    return { status, headers, body };
  }

  async page(response: Response): Promise<void> {
    this.texts.push(JSON.stringify([...response.headers]) + (await response.text()));
  }
}
