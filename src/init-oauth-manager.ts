/** The process-wide manager: created once, found from anywhere, never half-configured. */

import { ManagerLifecycleError } from './core/errors.js';
import { type ManagerOptions, type OAuthManager, openManager } from './open-manager.js';

let instance: Promise<OAuthManager> | undefined;
let opened: OAuthManager | undefined;

/**
 * Creates the process-wide manager. After {@link OAuthManager.close} of that manager it may be called again.
 *
 * @throws {ManagerLifecycleError} it was called before
 * @throws {ConfigurationError} options that cannot work; all faults at once
 */
export async function initOAuthManager(options: ManagerOptions): Promise<OAuthManager> {
  if (instance !== undefined) throw new ManagerLifecycleError('initOAuthManager was called before.');
  const onClose = () => {
    forget();
    options.onClose?.();
  };
  instance = openManager({ ...options, onClose });
  try {
    opened = await instance;
    return opened;
  } catch (error) {
    forget();
    throw error;
  }
}

/**
 * The process-wide manager.
 *
 * @throws {ManagerLifecycleError} before `initOAuthManager` has resolved, and after the manager was closed
 */
export function getOAuthManager(): OAuthManager {
  if (opened === undefined) throw new ManagerLifecycleError('Call initOAuthManager and await it first.');
  return opened;
}

function forget(): void {
  instance = undefined;
  opened = undefined;
}
