/** For Stryker, which counts failed tests alone: a change by which a module cannot even be loaded fails one here. */

import { expect, it } from 'vitest';

const files = (process.env.MUTATE_FILES ?? '').split(',');

it.each(files)('%s can be loaded', async (file) => {
  expect(await import(/* @vite-ignore */ `../../${file}`)).toBeDefined();
});
