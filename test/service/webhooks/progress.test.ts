/** Where webhooks stand, as it lies in the store. */

import { expect, it, onTestFinished } from 'vitest';
import { defaultTenant } from '../../../src/core/identifiers.js';
import { openStore } from '../../../src/open-store.js';
import { findProgress } from '../../../src/service/webhooks/progress.js';
import { makePlace, secrets } from '../../support/service.js';

it('is kept of a later version, whatever that says of its attempts', async () => {
  const { DATA_DIR } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir: DATA_DIR });
  onTestFinished(() => store.close());
  const later = { cursor: '7', attempts: [{ eventId: '7', outcome: 'postponed' }] };
  await store.documents.put('webhooks', defaultTenant, later);
  expect(await findProgress(store.documents, defaultTenant)).toEqual({ cursor: '7', attempts: [] });
});
