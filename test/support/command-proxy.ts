/** A proxy before a Redis that replaces some commands, to imitate a Redis of another version. */

import { connect, createServer, type Socket } from 'node:net';

/** A running proxy. */
export interface CommandProxy {
  readonly port: number;
  /** The names of the received commands, in order. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

/** Starts one before `targetPort`. `replaced` answers the command to send instead; `undefined` lets the original pass. */
export async function startCommandProxy(
  targetPort: number,
  replaced: (words: readonly string[]) => readonly string[] | undefined,
): Promise<CommandProxy> {
  const seen: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    for (const socket of [client, upstream]) open.add(socket.on('error', () => {}));
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    upstream.on('data', (bytes) => client.write(bytes));
    let rest = '';
    client.on('data', (bytes) => {
      rest += bytes.toString('latin1');
      for (let read = readCommand(rest); read !== undefined; read = readCommand(rest)) {
        seen.push(read.words[0]?.toUpperCase() ?? '');
        upstream.write(formatCommand(replaced(read.words) ?? read.words), 'latin1');
        rest = rest.slice(read.length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the proxy has no port');
  return {
    port: address.port,
    seen,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** The first command in a piece of the stream, if it is complete: an array of strings, each after its length. */
function readCommand(text: string): { readonly words: readonly string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  let at = head[0].length;
  const words: string[] = [];
  while (words.length < Number(head[1])) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 16));
    if (size === null) return undefined;
    const from = at + size[0].length;
    const end = from + Number(size[1]);
    if (text.length < end + 2) return undefined;
    words.push(text.slice(from, end));
    at = end + 2;
  }
  return { words, length: at };
}

function formatCommand(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
