/** Replies have a deadline, and a process that was busy is no reason to call one late. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { within } from '../../src/store/redis/deadlines.js';

it('a reply that has come in time is taken, however busy this process was meanwhile', async ({ onTestFinished }) => {
  // A server with a thread of its own.
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     require('node:net').createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', function () {
       parentPort.postMessage(this.address().port);
     });`,
    { eval: true },
  );
  onTestFinished(async () => void (await worker.terminate()));
  const [port] = await once(worker, 'message');
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  for (let time = 0; time < 5; time += 1) {
    const reply = once(socket, 'data');
    const inTime = within(performance.now() + 30, reply);
    socket.write('x');
    // The watch over deadlines has begun to look.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const busyUntil = performance.now() + 60;
    while (performance.now() < busyUntil);
    await expect(inTime).resolves.toHaveLength(1);
  }
});

it('a reply that does not come is late', async () => {
  await expect(within(performance.now() + 20, new Promise(() => {}))).rejects.toThrow();
});
