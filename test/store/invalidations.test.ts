/** What Redis sends is cut into frames, wherever the network cuts it. */

import { describe, expect, it } from 'vitest';
import { hearInvalidations } from '../../src/store/redis/invalidations.js';

const bulk = (text: string) => `$${Buffer.byteLength(text, 'latin1')}\r\n${text}\r\n`;
const list = (kind: '*' | '>', ...parts: string[]) => `${kind}${parts.length}\r\n${parts.join('')}`;
const written = (...keys: string[]) => list('>', bulk('invalidate'), list('*', ...keys.map(bulk)));
const allWritten = list('>', bulk('invalidate'), '_\r\n');

/** The keys of every message that is heard if the text comes in these chunks. */
function heard(...chunks: readonly string[]): (readonly string[])[] {
  const messages: (readonly string[])[] = [];
  const hear = hearInvalidations((keys) => messages.push(keys));
  for (const chunk of chunks) hear(Buffer.from(chunk, 'latin1'));
  return messages;
}

// A stored value may hold anything, also what looks like a message.
const replies = [
  '+OK\r\n',
  bulk(`x${written('forged')}y`),
  '$-1\r\n',
  '_\r\n',
  ':12\r\n',
  '-ERR no\r\n',
  list('*', bulk(written('forged')), '_\r\n', list('*', bulk(''), ':1\r\n')),
  `%1\r\n${bulk('proto')}:3\r\n`,
  list('>', bulk('message'), bulk('invalidate'), bulk('forged')),
];

describe('messages that keys have been written', () => {
  it('are found between replies of every kind, and nowhere else', () => {
    const stream = `${replies.join(written('a', 'b'))}${allWritten}`;
    const between = replies.slice(1).map(() => ['a', 'b']);
    expect(heard(stream)).toEqual([...between, []]);
  });

  it('are found wherever the stream is cut', () => {
    const stream = `${replies.join('')}${written('p:{a}')}+PONG\r\n${allWritten}${replies.join('')}${written('p:{b}')}`;
    for (let at = 0; at <= stream.length; at += 1) {
      expect(heard(stream.slice(0, at), stream.slice(at)), `cut at ${at}`).toEqual([['p:{a}'], [], ['p:{b}']]);
    }
    expect(heard(...stream)).toEqual([['p:{a}'], [], ['p:{b}']]);
  });

  it('are not found before they are complete', () => {
    expect(heard(written('a').slice(0, -1))).toEqual([]);
  });
});
