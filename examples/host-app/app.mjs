/** A web app with log-in of its own that embeds Valetkey: no chat, no code to type. The part to read. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import formbody from '@fastify/formbody';
import { fastify } from 'fastify';
import { OAuthNotConnected } from 'valetkey';
import { valetkey, valetkeyServerOptions } from 'valetkey/fastify';

/**
 * @param options.manager   from `initOAuthManager`, with `connectProof: 'app_verifier'` and `appVerifierUrl` at /connected
 * @param options.checkLogin from what the log-in form says to the id of a user, or `undefined`
 * @param options.github    address of GitHub's API
 */
export async function createHostApp({ manager, checkLogin, github }) {
  const sessions = createSessions();
  const app = fastify(valetkeyServerOptions);
  await app.register(formbody);

  // The API and the pages, below the path of `baseUrl`. Our session says who calls: people see their own records alone.
  await app.register(valetkey, {
    manager,
    authenticate: (headers) => {
      const userId = sessions.findUser(headers);
      return userId && { id: userId, role: 'user', userId };
    },
  });

  app.post('/login', async (request, reply) => {
    const userId = checkLogin(request.body);
    if (userId === undefined) return reply.code(401).send('Who are you?');
    return reply.header('set-cookie', sessions.start(userId)).redirect('/me', 303);
  });

  app.get('/me', async (request, reply) => {
    const userId = sessions.findUser(request.headers);
    if (userId === undefined) return reply.code(401).send('Please log in.');
    try {
      const { accessToken } = await manager.requireToken(userId, 'github');
      const headers = { authorization: `Bearer ${accessToken.reveal()}`, 'user-agent': 'host-app' };
      const { login, name } = await (await fetch(`${github}/user`, { headers })).json();
      return { user: userId, github: login, name };
    } catch (error) {
      if (!(error instanceof OAuthNotConnected)) throw error;
      return reply.redirect(error.connectUrl, 303);
    }
  });

  // After consent the browser comes here. That the connect is this person's is what our session shows.
  app.get('/connected', async (request, reply) => {
    const userId = sessions.findUser(request.headers);
    if (userId === undefined) return reply.code(401).send('Please log in.');
    await manager.verifyConnect(request.query.connect_id, userId);
    return reply.redirect('/me', 303);
  });

  return app;
}

/** A signed cookie; an app has something better already. */
function createSessions() {
  const key = randomBytes(32);
  const sign = (user) => createHmac('sha256', key).update(user).digest('base64url');
  return {
    start: (user) => `host_session=${encodeURIComponent(user)}.${sign(user)}; Path=/; HttpOnly; SameSite=Lax`,
    findUser: (headers) => {
      const [, encoded, signature] = /(?:^|; )host_session=([^.;]+)\.([\w-]+)/.exec(headers.cookie ?? '') ?? [];
      if (encoded === undefined) return undefined;
      const user = decodeURIComponent(encoded);
      const [given, expected] = [Buffer.from(signature), Buffer.from(sign(user))];
      return given.length === expected.length && timingSafeEqual(given, expected) ? user : undefined;
    },
  };
}
