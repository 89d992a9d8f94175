/** `npm run docs:providers`: writes docs/providers.md and docs/providers/ from the catalogue. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from './build.mjs';

build({ onlyIfChanged: true });
const { catalogue } = await import('../dist/providers/index.js');
const { formatProviders } = await import('../dist/providers/manual.js');
const docs = new URL('../docs/', import.meta.url);
rmSync(new URL('providers/', docs), { recursive: true, force: true });
mkdirSync(new URL('providers/', docs));
for (const [path, text] of formatProviders(catalogue)) writeFileSync(new URL(path, docs), text);
