/** The few files beside the pages, read once and named after their content, so that browsers may keep them for good. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const mediaTypes = {
  'valetkey.css': 'text/css; charset=utf-8',
  'copy-code.js': 'text/javascript; charset=utf-8',
  'key.svg': 'image/svg+xml',
} as const;

export type AssetName = keyof typeof mediaTypes;

export interface Asset {
  readonly mediaType: string;
  readonly content: Buffer;
}

/** The assets by the names under which they are served, and those names by the files' own. */
export interface Assets {
  find(servedName: string): Asset | undefined;
  servedName(name: AssetName): string;
}

/** Reads the assets from beside this file. */
export function readAssets(): Assets {
  const assets = new Map<string, Asset>();
  const servedNames = new Map<string, string>();
  for (const [name, mediaType] of Object.entries(mediaTypes)) {
    const content = readFileSync(new URL(name, import.meta.url));
    const digest = createHash('sha256').update(content).digest('hex').slice(0, 10);
    const servedName = name.replace('.', `.${digest}.`);
    assets.set(servedName, { mediaType, content });
    servedNames.set(name, servedName);
  }
  return {
    find: (servedName) => assets.get(servedName),
    servedName: (name) => servedNames.get(name) ?? name,
  };
}
