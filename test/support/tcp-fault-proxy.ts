/** A TCP proxy that breaks connections in the ways that networks and dying servers do. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What happens to connections: `pass` = everything goes through; `refuse` = new ones are reset at once; `hold` = accepted,
 * but nothing goes through; `drop-replies` = requests arrive, answers do not; `cut-replies` = the first answer resets the
 * connection instead of arriving.
 */
export type ProxyMode = 'pass' | 'refuse' | 'hold' | 'drop-replies' | 'cut-replies';

/** A running proxy in front of one server. */
export interface TcpFaultProxy {
  readonly port: number;
  /**
   * Applies to new connections, and to open ones from the next byte on. A connection that has lost bytes never passes any
   * again: TCP has no gaps, and a client could not tell which answer belongs to which request.
   */
  setMode(mode: ProxyMode): void;
  /** Where new connections lead from now on. */
  setTarget(port: number): void;
  /** Resets every open connection now; the mode stays. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free loopback port in front of a server on `targetPort`. */
export async function startTcpFaultProxy(targetPort: number): Promise<TcpFaultProxy> {
  const open = new Set<Socket>();
  let mode: ProxyMode = 'pass';
  let target = targetPort;
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  const track = (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    track(client);
    if (mode === 'refuse') return void client.resetAndDestroy();
    const upstream = connect(target, '127.0.0.1');
    track(upstream);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    const lost = { requests: false, replies: false };
    client.on('data', (bytes) => {
      lost.requests ||= mode === 'hold';
      if (!lost.requests) upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      lost.replies ||= mode === 'hold' || mode === 'drop-replies';
      if (mode === 'cut-replies') client.resetAndDestroy();
      else if (!lost.requests && !lost.replies) client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server.address()),
    setMode: (next) => {
      mode = next;
    },
    setTarget: (port) => {
      target = port;
    },
    cut,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('the proxy has no port');
  return address.port;
}
