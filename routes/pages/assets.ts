/** The few files beside the pages, read once and named by their content, so that browsers may cache them for good. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Brand, BrandColor } from '../../src/core/brand.js';

const mediaTypes = {
  'valetkey.css': 'text/css; charset=utf-8',
  'copy-code.js': 'text/javascript; charset=utf-8',
  'repost.js': 'text/javascript; charset=utf-8',
  'send-once.js': 'text/javascript; charset=utf-8',
  'key.svg': 'image/svg+xml',
} as const;

/** The name of a file beside the pages; `logo` is the operator's own. */
export type AssetName = keyof typeof mediaTypes | 'logo';

/** One file as it is sent. */
export interface Asset {
  readonly mediaType: string;
  readonly content: Buffer;
}

/** Finds assets by the name under which they are served, and that name by the file's own. */
export interface Assets {
  find(servedName: string): Asset | undefined;
  servedName(name: AssetName): string;
  /** The served name of a brand's icon; `undefined` if there is none. */
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

/** Reads the assets beside this file, with the stylesheet in the brand's colour, and adds the brand's logo. */
export function readAssets({ color, logo }: Brand = {}): Assets {
  const assets = new Map<string, Asset>();
  const servedNames = new Map<string, string>();
  const brandNames = new Map<string, string>();
  const add = (names: Map<string, string>, name: string, { mediaType, content }: Asset, fileName = name) => {
    const digest = createHash('sha256').update(content).digest('hex').slice(0, 10);
    const servedName = fileName.replace('.', `.${digest}.`);
    assets.set(servedName, { mediaType, content });
    names.set(name, servedName);
  };
  for (const [name, mediaType] of Object.entries(mediaTypes)) {
    const file = readFileSync(new URL(name, import.meta.url));
    const content = color && name === 'valetkey.css' ? Buffer.concat([file, Buffer.from(rulesOf(color))]) : file;
    add(servedNames, name, { mediaType, content });
  }
  for (const [name, picture] of readBrandIcons()) {
    add(brandNames, name, { mediaType: mediaTypes['key.svg'], content: Buffer.from(picture) });
  }
  if (logo) {
    const { mediaType, content } = logo;
    add(
      servedNames,
      'logo',
      { mediaType, content: Buffer.from(content) },
      mediaType === 'image/png' ? 'logo.png' : 'logo.svg',
    );
  }
  return {
    find: (servedName) => assets.get(servedName),
    servedName: (name) => servedNames.get(name) ?? name,
    brandName: (icon) => brandNames.get(`${icon}.svg`),
  };
}

/** Appended to the stylesheet, so these rules override its own. */
function rulesOf({ onLight, onLightHover, onDark, onDarkHover }: BrandColor): string {
  const rule = (accent: string, hover: string) => `:root { --accent: ${accent}; --accent-hover: ${hover}; }`;
  return `\n${rule(onLight, onLightHover)}\n@media (prefers-color-scheme: dark) { ${rule(onDark, onDarkHover)} }\n`;
}
