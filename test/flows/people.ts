/** Several people who connect at one provider, with accounts that they may share. */

import type { ProviderEntry } from '../../providers/index.js';
import { StoreUnavailable } from '../../src/core/errors.js';
import type { ManagerOptions } from '../../src/open-manager.js';
import { openBrowserHalf } from './browser-half.js';

export const [ada, eve, bob] = ['chat:ada', 'chat:eve', 'chat:bob'];
const noProof = { connectProof: 'none', unsafeConnectWithoutProof: true } as const;
export const away = () => new StoreUnavailable('The store does not answer.', 'no');

/** People connect at `one` with the account of the provider that they name. */
export async function openPeople(more: Partial<ManagerOptions> = {}, entry: Partial<ProviderEntry> = {}) {
  const half = await openBrowserHalf(entry, { ...noProof, ...more });
  const connect = async (who: string, id: string, request: Parameters<typeof half.finish>[0] = {}) => {
    half.server.answer('/userinfo', { json: { sub: id } });
    return (await half.finish(request, who)).page;
  };
  /** What users were told about accounts, oldest first. */
  const told = async () =>
    (await half.events()).flatMap((event) =>
      event.type === 'connection.updated' && event.change?.startsWith('account_')
        ? [`${event.userId} ${event.account} ${event.change}`]
        : [],
    );
  return { ...half, connect, told };
}
