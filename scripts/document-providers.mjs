/** `npm run docs:providers`: writes docs/providers.md from the catalogue. */

import { writeFileSync } from 'node:fs';
import { build } from './build.mjs';

build({ onlyIfChanged: true });
const { catalogue } = await import('../dist/providers/index.js');
const { formatProviders } = await import('../dist/providers/manual.js');
writeFileSync(new URL('../docs/providers.md', import.meta.url), formatProviders(catalogue));
