/** The Discord bot against a local stub of Discord and the sandbox; a built-in person connects. */

import { generateKeyPairSync, sign } from 'node:crypto';
import { ValetkeyClient } from 'valetkey/client';
import { listen, readBody } from '../platform-stub/http.mjs';
import { connectInBrowser } from '../terminal-chat/built-in-person.mjs';
import { openService } from '../terminal-chat/service.mjs';
import { createDiscordBot } from './bot.mjs';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const service = await openService({ dataDir: process.env.DATA_DIR || './data' });

/** Discord: takes follow-up messages. */
let heard;
const followUp = new Promise((resolve) => {
  heard = resolve;
});
const discord = await listen(async (request, response) => {
  heard(JSON.parse(await readBody(request)).content);
  response.writeHead(204).end();
});

const answer = createDiscordBot({
  publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url').toString('hex'),
  valetkey: new ValetkeyClient({ baseUrl: service.url, apiKey: service.apiKey }),
  github: service.github,
  discord: discord.url,
});
const bot = await listen(async (request, response) => {
  const { status, body } = await answer(request.headers, await readBody(request));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});

/** What Discord does when somebody uses a slash command. */
async function post(interaction, key = privateKey) {
  const body = JSON.stringify({ application_id: '42', token: 'interaction-token', ...interaction });
  const at = String(Math.floor(Date.now() / 1000));
  const headers = {
    'x-signature-ed25519': sign(null, Buffer.from(at + body), key).toString('hex'),
    'x-signature-timestamp': at,
  };
  return fetch(bot.url, { method: 'POST', headers, body });
}

async function use(name, ...options) {
  const member = { user: { id: String(800_000_000 + process.pid) } };
  console.log(`ada> /${name}${options.length > 0 ? ' CODE' : ''}`);
  const data = { name, options: options.map((value) => ({ name: 'code', type: 3, value })) };
  const { content } = (await (await post({ type: 2, member, data })).json()).data;
  console.log(`bot> ${content}`);
  return content;
}

try {
  console.log(`a ping: ${JSON.stringify(await (await post({ type: 1 })).json())}`);
  const { status } = await post({ type: 1 }, generateKeyPairSync('ed25519').privateKey);
  console.log(`a ping that somebody else signed: ${status}`);
  const [link] = /http\S+/.exec(await use('whoami'));
  await use('connect', await connectInBrowser(link));
  console.log(`bot> ${await followUp}`);
} finally {
  await Promise.all([bot.close(), discord.close(), service.close()]);
}
