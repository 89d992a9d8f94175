/**
 * `npm run icons`: copies the brand icons that the catalogue and the chat platforms name into one small file, from the
 * package `simple-icons` (CC0-1.0; the marks belong to their owners). A test keeps the two equal.
 */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as icons from 'simple-icons';
import { build } from './build.mjs';

/** Slug -> colour and path of the icon, sorted. */
export function copyIcons(slugs) {
  const known = new Map(Object.values(icons).map((icon) => [icon.slug, icon]));
  const copied = [...new Set(slugs)].sort().map((slug) => {
    const icon = known.get(slug);
    if (icon === undefined) throw new Error(`simple-icons has no ${slug}`);
    return [slug, { color: `#${icon.hex}`, path: icon.path }];
  });
  return `${JSON.stringify(Object.fromEntries(copied), undefined, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build({ onlyIfChanged: true });
  const { catalogue } = await import('../dist/providers/index.js');
  const { platformIcons } = await import('../dist/routes/pages/icons.js');
  const slugs = [...catalogue.values()].flatMap(({ icon }) => icon ?? []);
  writeFileSync(
    new URL('../routes/pages/brand-icons.json', import.meta.url),
    copyIcons([...slugs, ...platformIcons.values()]),
  );
}
