/** Messages that providers send when a person ends an authorization there. */

import type { FastifyPluginAsync } from 'fastify';
import type { OAuthManager } from '../src/oauth-manager.js';
import { answerError } from './error-handler.js';

/** What these routes need of the manager. */
export type SignalledManager = Pick<OAuthManager, 'signals'>;

/** More than any of these messages, and too little for a flood of large bodies. */
const bodyLimit = 64 * 1024;

/**
 * `POST /oauth/{provider}/signals`. The body is taken as bytes, whatever its content type, since its signature covers every
 * byte; a sender without a valid signature learns nothing. Answers 204, or with what the provider expects back.
 */
export const signalRoutes: FastifyPluginAsync<{ manager: SignalledManager }> = async (app, { manager }) => {
  app.setErrorHandler(answerError);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body));
  app.post<{ Params: { provider: string } }>('/oauth/:provider/signals', async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const { answer } = await manager.signals.take(request.params.provider, { headers: request.headers, body });
    return answer === undefined ? reply.code(204).send() : reply.type('application/json').send(answer);
  });
};
