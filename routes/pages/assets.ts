/** The few files beside the pages, read once and named after their content, so that browsers may keep them for good. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const mediaTypes = {
  'valetkey.css': 'text/css; charset=utf-8',
  'copy-code.js': 'text/javascript; charset=utf-8',
  'repost.js': 'text/javascript; charset=utf-8',
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
  /** The name of a brand's icon; `undefined` where there is none. */
  brandName(icon: string | undefined): string | undefined;
}

const brandIconsSchema = z.record(
  z.string().regex(/^[a-z0-9]+$/),
  z.object({ color: z.string().regex(/^#[0-9A-F]{6}$/), path: z.string().regex(/^[-+ .,0-9A-Za-z]+$/) }),
);

/** The icons that `npm run icons` has copied, as pictures. */
function readBrandIcons(): readonly (readonly [name: string, picture: string])[] {
  const file = readFileSync(new URL('brand-icons.json', import.meta.url), 'utf8');
  return Object.entries(brandIconsSchema.parse(JSON.parse(file))).map(([slug, { color, path }]) => [
    `${slug}.svg`,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="${color}" d="${path}"/></svg>`,
  ]);
}

/** Reads the assets from beside this file. */
export function readAssets(): Assets {
  const assets = new Map<string, Asset>();
  const servedNames = new Map<string, string>();
  const brandNames = new Map<string, string>();
  const add = (names: Map<string, string>, name: string, { mediaType, content }: Asset) => {
    const digest = createHash('sha256').update(content).digest('hex').slice(0, 10);
    const servedName = name.replace('.', `.${digest}.`);
    assets.set(servedName, { mediaType, content });
    names.set(name, servedName);
  };
  for (const [name, mediaType] of Object.entries(mediaTypes)) {
    add(servedNames, name, { mediaType, content: readFileSync(new URL(name, import.meta.url)) });
  }
  for (const [name, picture] of readBrandIcons()) {
    add(brandNames, name, { mediaType: mediaTypes['key.svg'], content: Buffer.from(picture) });
  }
  return {
    find: (servedName) => assets.get(servedName),
    servedName: (name) => servedNames.get(name) ?? name,
    brandName: (icon) => brandNames.get(`${icon}.svg`),
  };
}
