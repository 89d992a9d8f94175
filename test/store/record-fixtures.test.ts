/** Records as version 0.1.0 wrote them: every later version must read them, for as long as a store may hold them. */

import { describe, expect, it } from 'vitest';
import { ownerKeyOf } from '../../src/core/identifiers.js';
import { parseOwner } from '../../src/core/parse-input.js';
import { unpackText } from '../../src/store/packed-text.js';
import { formatConnection, parseConnection, parseGrant } from '../../src/store/records.js';
import { openConnection } from '../../src/store/sealed-fields.js';
import { Keyring } from '../../src/store/sealing.js';
import { revealed } from './samples.js';

const connection =
  '[1,["co_fixture",0,"slack:T1:U1","microsoft","Arbeit – büro",["oid","Ada","ada@example.com"],"at","DPoP",1795000041500,-41500,0,"a",["a","b c",""],[0,0,"cn_fixture"],"rt",[3558500,86358500],{"kind":"uncertain","since":1795000000000,"attempts":2},{"tenant":"contoso","toString":"x"}]]';
const grant =
  '[1,["co_fixture",0,"slack:T1:U1","github",0,["583231","octocat"],"gho_waiting",0,1795000041500,-41500,0,"read:user repo"],0,1795000600000,"ddddddddddddddddddddddddddddddddddddddddddd",0]';
/** A connection of which three runs are packed. */
const packed =
  'AlsxLFsiY29fZml4dHVyZSIsMCwic2xhY2s6VDE6VTEiLCJnaXRodWIiLDAsMCwi/wAogho/16C7e42F292c6912E7710c838347Ae178B4aIiwwLDE3OTUwMDAwNDE1MDAsMCwwLCJhIiwwLFswLDAsIv8AIXJ/34sbbq3v8IrYf2v5aJ4P3KJ53nLf4nQAACJdLCL/AB6CGv9D3DwTuvpD3DwTuvpD3DwTuvr78AAiXV0=';
const refresh = 'ghr_Q9w8E7r6Q9w8E7r6Q9w8E7r6-_';
/** The connection, sealed under 32 bytes of 7 with the id k1, at field c/x of its owner. */
const sealed =
  'AQJrMX2E7YqS+iHS7YDCh15Om66BmP/qmFpKkJiubhYl/PeNHWrbzbdTDVQ7+uy4mFJwKKBKkMKQGjsud759C3hlLOUtxZDCxt2yl7I+VCB9ykNshaXr3ZQ9wJDwWHJkHhA2a1ipxR/i3kj+XnUmaLcm808cw4KvFeQ63xAeh0tusxdansFwUrUfovbL3WZvDJtgQuUI5YxtYPXYkpOJ7bAU9kB9nrvlzvyRkIbl6O4mPZe2h9DwYOdve9UKcxTkBV9nTeEDTBSorVsM+RHLSj0qPj5vXhXq+XsCWWLWHETNNDTC8KlFlyCqWM47qMYsnfhdFANF37vnezKNDmLHZ2+Ie2wZgppy12eCZQu1nbh7HZ+YwWTE0PxMgeS3/s3n+1RMFr1S/gKiVC1e/6xJmBm7laSnNHhQ2HeGpi8RoawLfg==';

const t0 = 1_795_000_000_000;
const expected = {
  connectionId: 'co_fixture',
  tenant: 'default',
  userId: 'slack:T1:U1',
  provider: 'microsoft',
  account: 'Arbeit – büro',
  identity: { id: 'oid', name: 'Ada', email: 'ada@example.com' },
  tokenSet: {
    accessToken: 'revealed:at',
    tokenType: 'DPoP',
    refreshToken: 'revealed:rt',
    obtainedAt: t0,
    expiresAt: t0 + 3_600_000,
    refreshExpiresAt: t0 + 86_400_000,
    scope: ['a'],
  },
  requestedScope: ['a', 'b c', ''],
  parameters: { tenant: 'contoso', toString: 'x' },
  state: { kind: 'uncertain', since: t0, attempts: 2 },
  proof: { mode: 'chat_code', provenAt: t0 + 41_500, connectId: 'cn_fixture' },
  connectedAt: t0 + 41_500,
  updatedAt: t0 + 41_500,
};

describe('a record of version 0.1.0', () => {
  it('of a connection is read', () => {
    expect(revealed(parseConnection(Buffer.from(connection)))).toEqual(expected);
  });

  it('of a grant is read', () => {
    const { connection: waiting, ...rest } = parseGrant(Buffer.from(grant));
    expect(rest).toEqual({ proof: 'chat_code', expiresAt: t0 + 600_000, codeDigest: 'd'.repeat(43) });
    expect(revealed(waiting)).toMatchObject({ provider: 'github', tokenSet: { accessToken: 'revealed:gho_waiting' } });
  });

  it('of a connection is read packed', () => {
    expect(revealed(parseConnection(Buffer.from(packed, 'base64')))).toMatchObject({
      connectionId: 'co_fixture',
      tokenSet: {
        accessToken: `revealed:gho_16C7e42F292c6912E7710c838347Ae178B4a`,
        refreshToken: `revealed:${refresh}`,
      },
      proof: { connectId: 'cn_fixture_with_a_long_connect_id' },
    });
  });

  it('is opened from its seal, at its place and generation', () => {
    const keyring = Keyring.parse(`k1:${Buffer.alloc(32, 7).toString('base64')}`);
    const place = { owner: ownerKeyOf(parseOwner('slack:T1:U1', undefined)), field: 'c/x' };
    const found = { version: 1_795_000_041_500_123, bytes: Buffer.from(sealed, 'base64') };
    expect(revealed(openConnection(keyring, place, found).connection)).toEqual(expected);
  });
});

describe('a rolling deploy', () => {
  /** As a later version might write it: one more place in the tuple, one more beside it. */
  const newer = JSON.stringify([1, [...JSON.parse(connection)[1], 0, 0, { later: 'field' }], 'later']);

  it('lets the old version read what the new one wrote', () => {
    expect(revealed(parseConnection(Buffer.from(newer)))).toEqual(expected);
  });

  it('keeps everything but the new fields when the old version writes the record', () => {
    const rewritten = unpackText(formatConnection(parseConnection(Buffer.from(newer))));
    expect(rewritten).toBe(connection);
  });
});
