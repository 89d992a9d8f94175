/** The order for a refresh. */

import type { StoredConnection } from '../core/connection.js';
import type { Provider } from '../core/provider.js';
import type { Wish } from '../core/refresh-state.js';

/** A connection to refresh: as it was read, where it came from, and what its caller wants. */
export interface RefreshOrder {
  readonly provider: Provider;
  readonly seen: StoredConnection;
  readonly wish: Wish;
  /** Nobody waits for it. */
  readonly ahead?: boolean | undefined;
}
