/** One process on an embedded store, for tests: `node embedded-child.mjs <dataDir> <task> [number]`. Reports by lines. */

import { openEmbeddedEngine } from '../../dist/src/store/embedded/index.js';

const [dataDir, task, amount = '0'] = process.argv.slice(2);
const owner = 'o'.repeat(24);
const engine = await openEmbeddedEngine({ dataDir });
const say = (line) => process.stdout.write(`${line}\n`);

const tasks = {
  /** Writes fields w0, w1, …, eight at a time, and names each when it is acknowledged; never ends by itself. */
  async write() {
    let next = 0;
    const writer = async () => {
      for (;;) {
        const number = next++;
        const bytes = Buffer.from(`value ${number} ${'x'.repeat(300)}`);
        await engine.writeFields(owner, [{ field: `w${number}`, expect: 'absent', next: { version: number, bytes } }]);
        say(number);
      }
    };
    await Promise.all(Array.from({ length: 8 }, writer));
  },

  /** Adds one to the version of the field `counter`, `amount` times, against whoever else does. */
  async count() {
    for (let done = 0; done < Number(amount); ) {
      const version = (await engine.readField(owner, 'counter'))?.version;
      const next = { version: (version ?? 0) + 1, bytes: Buffer.alloc(0) };
      const change = { field: 'counter', expect: version ?? 'absent', next };
      if ((await engine.writeFields(owner, [change])) === 'stored') done += 1;
    }
  },

  /** Takes the values 0 to `amount` - 1 and names those that it got. */
  async take() {
    const keys = Array.from({ length: Number(amount) }, (_, index) => `once/${index}`);
    await Promise.all(keys.map(async (key) => (await engine.takeExpiring(key)) && say(key)));
  },

  /** Opens the store again and again, `amount` times, while a write holds the lock and waits for this thread. */
  async reopen() {
    for (let round = 0; round < Number(amount); round += 1) {
      const writing = engine.putDocument('things', 'one', Buffer.from(`${round}`));
      await new Promise((resolve) => setTimeout(resolve, round % 3));
      const until = performance.now() + 5;
      while (performance.now() < until);
      const again = await openEmbeddedEngine({ dataDir });
      await again.walk('owners');
      await Promise.all([writing, again.close()]);
    }
    say((await engine.getDocument('things', 'one'))?.toString());
  },

  /** Appends one entry to the log. */
  async append() {
    await engine.append('log', Buffer.from('from the other process'), { keepMs: 60_000, keepMost: 100 });
  },

  /** Writes until the file may not grow; says how that failed, what can still be read, and when it can grow again. */
  async fill() {
    await engine.putDocument('things', 'first', Buffer.from('kept'));
    let next = 0;
    const acknowledged = [];
    const codes = new Set();
    const messages = [];
    const fill = async () => {
      while (codes.size === 0 && next < 20_000) {
        const id = `big-${next++}`;
        await engine.putDocument('things', id, Buffer.alloc(20_000)).then(
          () => acknowledged.push(id),
          (error) => codes.add(error.code) && messages.push(error.message),
        );
      }
    };
    await Promise.all(Array.from({ length: 8 }, fill));
    const kept = (await engine.getDocument('things', 'first'))?.toString();
    say(JSON.stringify({ codes: [...codes], messages, kept, acknowledged }));
    while (
      !(await engine.putDocument('things', 'after', Buffer.alloc(40_000)).then(
        () => true,
        () => false,
      ))
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    say('grows again');
  },
};

say('ready');
await tasks[task]();
await engine.close();
