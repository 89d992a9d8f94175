/** `npm run example <name>`: installs and builds when needed, then runs examples/<name>/main.mjs. */

import { readdirSync } from 'node:fs';
import { prepare } from './prepare.mjs';

const examples = new URL('../examples/', import.meta.url);
const names = readdirSync(examples, { recursive: true }).flatMap(
  (path) => /^([\w-]+).main\.mjs$/.exec(path)?.[1] ?? [],
);
const [, , name] = process.argv;

if (names.includes(name)) {
  prepare();
  await import(new URL(`${name}/main.mjs`, examples).href);
} else {
  console.error(`Which one? npm run example ${names.sort().join(' | ')}`);
  process.exitCode = 2;
}
