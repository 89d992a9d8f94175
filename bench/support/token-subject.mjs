/**
 * One subject of `bench:token` in a separate process: `node token-subject.mjs <place>`, with `kind` and the place of its
 * bytes. Separate, as several stores in one process would slow each other down. Answers each line `<callers> <ms>` with
 * one line: how many reads per second, and µs of CPU for each.
 */

import { answerLines } from './answer-lines.mjs';
import { perSecond } from './measure.mjs';
import { openPlainDesign } from './plain-design.mjs';
import { connectPlain } from './redis-server.mjs';
import { openBenchManager, tokenOf, userOf } from './token-store.mjs';

const { kind, users, keepOpened, redisUrl, dataDir, keys } = JSON.parse(process.argv[2]);
const opens = {
  'plain GET': async () => {
    const plain = await connectPlain(redisUrl);
    return (index) => plain.getBuffer(`plain:${index}`);
  },
  'plain design': async () => {
    const fernet = openPlainDesign(await connectPlain(redisUrl));
    await fernet.fill(users, tokenOf);
    return (index) => fernet.getToken(index);
  },
  valetkey: async () => {
    const manager = await openBenchManager({ redisUrl, dataDir, encryptionKeys: keys }, keepOpened);
    const getToken = (index) => manager.getToken(userOf(index), 'github');
    for (let index = 0; index < users; index += 1) await getToken(index);
    return getToken;
  },
};
const read = await opens[kind]();
process.stdout.write('ready\n');
await answerLines(async (line) => {
  const [callers, ms] = line.split(' ').map(Number);
  const before = process.cpuUsage();
  const rate = await perSecond((turn) => read((turn * 7919) % users), { callers, ms });
  const { user, system } = process.cpuUsage(before);
  return { rate, cpu: (user + system) / (rate * (ms / 1000)) };
});
