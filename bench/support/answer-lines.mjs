/** The child's side of `startScript` in stage.mjs. */

import { createInterface } from 'node:readline';

/** Answers each line of stdin with one line of JSON; ends when the parent ends. */
export async function answerLines(answer) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
  process.exit(0);
}
