/** The Slack bot against a local stub of Slack and the sandbox; a built-in person connects. */

import { randomBytes } from 'node:crypto';
import { ValetkeyClient } from 'valetkey/client';
import { listen, readBody } from '../platform-stub/http.mjs';
import { connectInBrowser } from '../terminal-chat/built-in-person.mjs';
import { openService } from '../terminal-chat/service.mjs';
import { createSlackBot, signatureOf } from './bot.mjs';

const signingSecret = randomBytes(16).toString('hex');
const service = await openService({ dataDir: process.env.DATA_DIR || './data' });

/** Slack: takes what is posted to a response URL. */
let heard;
const followUp = new Promise((resolve) => {
  heard = resolve;
});
const slack = await listen(async (request, response) => {
  heard(JSON.parse(await readBody(request)).text);
  response.end('ok');
});

const answer = createSlackBot({
  signingSecret,
  valetkey: new ValetkeyClient({ baseUrl: service.url, apiKey: service.apiKey }),
  github: service.github,
});
const bot = await listen(async (request, response) => {
  const { status, body } = await answer(request.headers, await readBody(request));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});

/** What Slack does when somebody uses the slash command. */
async function post(text, { secret = signingSecret, at = Math.floor(Date.now() / 1000) } = {}) {
  const body = new URLSearchParams({
    command: '/github',
    text,
    team_id: 'T1',
    user_id: `U${process.pid}`,
    response_url: slack.url,
  }).toString();
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': String(at),
    'x-slack-signature': signatureOf(secret, at, body),
  };
  return fetch(bot.url, { method: 'POST', headers, body });
}

async function use(text) {
  console.log(`ada> /github ${text.replace(/^code .*/, 'code CODE')}`);
  const answered = await (await post(text)).json();
  console.log(`bot> ${answered.text}`);
  return answered.text;
}

try {
  console.log(`signed by somebody else: ${(await post('whoami', { secret: 'guessed' })).status}`);
  const anHourAgo = Math.floor(Date.now() / 1000) - 3600;
  console.log(`signed an hour ago: ${(await post('whoami', { at: anHourAgo })).status}`);
  const [, link] = /<(http[^|]+)\|/.exec(await use('whoami'));
  await use(`code ${await connectInBrowser(link)}`);
  console.log(`bot> ${await followUp}`);
} finally {
  await Promise.all([bot.close(), slack.close(), service.close()]);
}
