/** Connects for a bot: it creates, follows and proves them. */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { Forbidden, UnknownConnect } from '../src/core/errors.js';
import type { OAuthManager } from '../src/oauth-manager.js';
import { journeysOf } from './audit.js';
import { callerOf, reachesProvider } from './caller.js';
import { createDepartures } from './departure.js';
import {
  connectAnswer,
  connectBody,
  connectParams,
  proofBody,
  provenAnswer,
  startedConnectAnswer,
  userParams,
  userProviderParams,
  verifyBody,
  waitQuery,
} from './schemas.js';
import { tellingTo, toldTo } from './told-connect.js';
import { formatConnect, formatProven, formatStartedConnect, problemAnswers } from './wire.js';

const tags = ['connects'];

/** Connects from the link to the proof. */
export const connects: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  await app.register(start, { manager });
  await app.register(follow, { manager });
  await app.register(prove, { manager });
};

const start: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'POST',
    url: '/users/:user/connect/:provider',
    config: { roles: ['bot', 'admin', 'user'], audit: 'connect.create' },
    schema: {
      operationId: 'startConnect',
      summary: 'A one-time link with which that person connects an account',
      tags,
      params: userProviderParams,
      body: connectBody,
      response: { 201: startedConnectAnswer, ...problemAnswers },
    },
    handler: async (request, reply) => {
      const { user, provider } = request.params;
      const { return_to, chat_identity, ...rest } = request.body ?? {};
      const caller = callerOf(request);
      // A user who makes a link could name the person they mean to deceive as the one who asks or who has to sign in.
      if (caller.role === 'user' && chat_identity !== undefined) {
        throw new Forbidden('This credential may not say who asks.');
      }
      const started = await journeysOf(manager, request).startConnect(user, provider, {
        ...rest,
        returnTo: return_to,
        chatIdentity: chat_identity,
        tenant: caller.tenant,
      });
      return reply.code(201).send(formatStartedConnect(toldTo(caller, started)));
    },
  });
};

const follow: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  const departureOf = createDepartures(app);
  app.route({
    method: 'GET',
    url: '/connects/:connect_id',
    exposeHeadRoute: false,
    config: { roles: ['bot', 'viewer', 'admin'] },
    schema: {
      operationId: 'findConnect',
      summary: 'The state of a connect; with `wait` the answer comes when it changes',
      tags,
      params: connectParams,
      querystring: waitQuery,
      response: { 200: connectAnswer, ...problemAnswers },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const view = await manager.findConnect(request.params.connect_id, {
        tenant: caller.tenant,
        waitMs: (request.query.wait ?? 0) * 1000,
        signal: departureOf(reply),
      });
      if (!reachesProvider(caller, view.provider)) throw new UnknownConnect();
      return formatConnect(view);
    },
  });
};

const prove: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'POST',
    url: '/users/:user/proof',
    config: { roles: ['bot', 'admin', 'user'], audit: 'proof' },
    schema: {
      operationId: 'submitProof',
      summary: 'Proves a connect by the return code that the person has typed in the chat',
      tags,
      params: userParams,
      body: proofBody,
      response: { 200: provenAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const { tenant, providers } = caller;
      const { user } = request.params;
      const submit = () => journeysOf(manager, request).submitProof(user, request.body.code, { tenant, providers });
      return formatProven(await tellingTo(caller, submit));
    },
  });

  app.route({
    method: 'POST',
    url: '/connects/:connect_id/verify',
    // Not for role `user`: somebody who may make the link themselves must not be the one to say who is in the browser.
    config: { roles: ['bot', 'admin'], audit: 'proof' },
    schema: {
      operationId: 'verifyConnect',
      summary: 'Proves a connect: the host says who is in the browser (proof `app_verifier`)',
      tags,
      params: connectParams,
      body: verifyBody,
      response: { 200: provenAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const { connect_id } = request.params;
      const { tenant } = caller;
      const { provider } = await manager.findConnect(connect_id, { tenant });
      if (!reachesProvider(caller, provider)) throw new UnknownConnect();
      return formatProven(await journeysOf(manager, request).verifyConnect(connect_id, request.body.user, { tenant }));
    },
  });
};
