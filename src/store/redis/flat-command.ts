/** A command of ioredis with arguments that are already flat, formatted for the wire in one step. For `link.ts`. */

import { Command } from 'ioredis';

/** An argument of a command. */
export type Argument = string | number | Buffer;

/**
 * Sends the same as `callBuffer`, without two things that ioredis does with the arguments of every command. It copies them
 * with `Array.flat`: an MGET of 64 keys takes this process 25 µs without that, 33 with it. And it determines the length of
 * each part three times, and copies each separately: a script with 12 arguments takes 1.8 µs here, 3.9 with ioredis.
 */
export class FlatCommand extends Command {
  constructor(name: string, args: Argument[]) {
    super(name, Object.assign(args, { flat: () => args }), { replyEncoding: null });
  }

  /** No timer of its own: the link has a deadline for every request. One per command took 2 of the 24 µs of a read. */
  override setTimeout(): void {}

  /** In RESP: the number of parts, then each part after its length. Text between two Buffers is copied in one piece. */
  override toWritable(): Buffer {
    const pieces: (string | Buffer)[] = [];
    let bytes = 0;
    let text = `*${this.args.length + 1}\r\n$${this.name.length}\r\n${this.name}\r\n`;
    for (const arg of this.args) {
      if (Buffer.isBuffer(arg)) {
        text += `$${arg.length}\r\n`;
        pieces.push(text, arg);
        bytes += Buffer.byteLength(text) + arg.length;
        text = '\r\n';
      } else {
        const part = String(arg);
        text += `$${Buffer.byteLength(part)}\r\n${part}\r\n`;
      }
    }
    pieces.push(text);
    return joined(pieces, bytes + Buffer.byteLength(text));
  }
}

function joined(pieces: readonly (string | Buffer)[], bytes: number): Buffer {
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const piece of pieces) at += typeof piece === 'string' ? whole.write(piece, at) : piece.copy(whole, at);
  return whole;
}
