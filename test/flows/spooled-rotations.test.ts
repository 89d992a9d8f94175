/** What an earlier process left in the spool is stored at the next start, and the host hears of it as of any refresh. */

import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { defaultAccount, internalTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';
import type { Rotation } from '../../src/core/token-source.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { openStore } from '../../src/open-store.js';
import { eventually } from '../support/redis.js';
import { storeKinds } from '../support/service.js';
import { openSourced } from '../support/sourced-manager.js';

const owner = { tenant: internalTenant, userId: userIdSchema.parse('source:src') };
const place = { owner, provider: providerIdSchema.parse('src'), account: defaultAccount };

const tokenOf = async (manager: OAuthManager) => (await manager.requireToken('anybody', 'src')).accessToken.reveal();

test.each(storeKinds)(
  'the host is told of a rotation that lay in the spool, at the next start on the %s store',
  async (kind) => {
    const spoolDir = await mkdtemp(join(tmpdir(), 'valetkey-spool-'));
    onTestFinished(() => rm(spoolDir, { recursive: true }));
    const entry = { source: 'refresh_token', refresh_token: 'rt-1' } as const;
    const { manager, server, forms, options, openAnother } = await openSourced(entry, { spoolDir }, kind);
    server.answer('/token', { json: { access_token: 'at-2', expires_in: 3600, refresh_token: 'rt-2' } });
    await tokenOf(manager);
    const store = await openStore(options);
    onTestFinished(() => store.close());
    const sent = await store.connections.find(place);
    if (sent === undefined) throw new Error('nothing is stored');
    const brought = { accessToken: new Secret('at-3'), refreshToken: new Secret('rt-3') };
    await store.spool?.keep({ sent, answer: { ...sent.connection.tokenSet, ...brought } });
    const told: string[] = [];
    const onRotate = ({ previous, refreshToken }: Rotation) => void told.push(previous.reveal(), refreshToken.reveal());
    const next = await openAnother({ onRotate });
    await eventually('it is spooled no more', () => readdirSync(spoolDir).length === 0);
    expect(told).toEqual(['rt-2', 'rt-3']);
    expect(await tokenOf(next)).toBe('at-3');
    expect(forms()).toHaveLength(1);
  },
);
