/** `npm run demo`: a chat in the terminal. `--auto` lets a built-in person talk and click. */

import { createInterface } from 'node:readline';
import { createBot } from './bot.mjs';
import { connectInBrowser } from './built-in-person.mjs';
import { createService, openService } from './service.mjs';

const auto = process.argv.includes('--auto');
const opened = await openService({ dataDir: process.env.DATA_DIR || './data' });
const user = `terminal:${auto ? `auto-${process.pid}` : (process.env.USER ?? 'me')}`;

try {
  await (auto ? talkByItself() : talkInTerminal());
} finally {
  await opened.close();
}
// The bot may still wait for somebody's browser.
process.exit();

function createChat(say) {
  return createBot({ service: createService(opened), user, github: opened.github, say });
}

async function talkInTerminal() {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: 'you> ' });
  const bot = createChat(async (text) => {
    process.stdout.write(`\rbot> ${text}\n`);
    terminal.prompt();
  });
  await bot.hear('hello');
  for await (const line of terminal) {
    if (line.trim() === '/quit') break;
    // Not awaited: while the bot waits for the browser, the person goes on typing.
    bot.hear(line).catch((error) => process.stdout.write(`bot> Something went wrong: ${error.message}\n`));
    terminal.prompt();
  }
}

async function talkByItself() {
  let giveUp;
  const failure = new Promise((_, reject) => {
    giveUp = reject;
  });
  const hear = (text) => {
    process.stdout.write(`you> ${text}\n`);
    return bot.hear(text);
  };
  const bot = createChat(async (text) => {
    process.stdout.write(`bot> ${text}\n`);
    const link = /https?:\/\/\S+/.exec(text)?.[0];
    // Not awaited: the bot has to go on and wait for what happens in the browser.
    if (link) connectInBrowser(link).then(hear).catch(giveUp);
  });
  await Promise.race([hear('Who am I on GitHub?'), failure]);
}
