/** A listener that must not be reached: it counts every connection, whatever is sent on it. */

import { createServer } from 'node:net';

export interface Canary {
  readonly port: number;
  readonly connections: () => number;
  close(): Promise<void>;
}

/** Listens on a free port of every loopback address, IPv4 and IPv6. */
export async function startCanary(): Promise<Canary> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '::', ipv6Only: false }, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the canary has no port');
  return {
    port: address.port,
    connections: () => count,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
