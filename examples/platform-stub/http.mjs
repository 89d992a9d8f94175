/** Little HTTP servers of this machine: the platforms that the examples play, and the bots that they call. */

import { createServer } from 'node:http';

/** Answers on a free port until `close`. A fault of the handler is answered 500, and said. */
export async function listen(handle) {
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The body as it came, for signatures are made over its bytes. */
export async function readBody(request) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return body;
}

/** A port that was free a moment ago, for programs that must know their own address before they listen. */
export async function findFreePort() {
  const { url, close } = await listen(async () => undefined);
  await close();
  return Number(new URL(url).port);
}
