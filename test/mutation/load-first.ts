/** Before each test file: what is changed is loaded, so that a change to a table is tried by all tests and not by the first. */

const files = (process.env.MUTATE_FILES ?? '').split(',').filter((file) => file !== '');

// One that cannot be loaded is told by modules-load.ts.
await Promise.all(files.map((file) => import(/* @vite-ignore */ `../../${file}`).catch(() => undefined)));

export {};
