/** A command that we write for the wire ourselves is byte for byte what ioredis would send. */

import fc from 'fast-check';
import { Command } from 'ioredis';
import { expect, it } from 'vitest';
import { FlatCommand } from '../../src/store/redis/flat-command.js';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const argument = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), bytes);

it('sends what ioredis sends, whatever the arguments are', () => {
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 12 }), (args) => {
      const usual = new Command('EVALSHA', [...args], { replyEncoding: null }).toWritable({});
      expect(new FlatCommand('EVALSHA', [...args]).toWritable()).toEqual(Buffer.from(usual));
    }),
  );
});
