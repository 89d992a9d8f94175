/** Converts the configuration to options of the manager. */

import type { ManagerOptions } from '../open-manager.js';
import type { Config } from './config.js';

/** The options of `openManager` and `openStore`, to which the caller adds clock and log. */
export function managerOptions(config: Config): ManagerOptions {
  const { baseUrl, providers, keyPrefix, proof, returnToOrigins, allowInsecureLoopbackProviders } = config;
  return {
    baseUrl,
    providers,
    ...(config.mcp && { mcp: config.mcp }),
    encryptionKeys: config.encryptionKeys.reveal(),
    ...(config.keyService && { keyService: config.keyService }),
    ...(config.store.kind === 'redis' ? { redisUrl: config.store.url.reveal() } : { dataDir: config.store.dataDir }),
    keyPrefix,
    ...(config.redisWait && { redisWait: config.redisWait }),
    ...(config.spoolDir !== undefined && { spoolDir: config.spoolDir }),
    refreshAhead: config.refreshAhead.isOn && config.refreshAhead,
    refreshBufferSeconds: config.refreshBufferMs / 1000,
    linkCodeTtlSeconds: config.linkTtlMs / 1000,
    connectProof: proof.mode,
    unsafeConnectWithoutProof: proof.allowNone,
    proofDeepLink: proof.deepLink,
    appVerifierUrl: proof.appVerifierUrl,
    returnToOrigins,
    accountPolicy: config.trust.accountPolicy,
    chatLogins: proof.chatLogins,
    auditRetentionDays: config.trust.audit.keepMs / 86_400_000,
    allowInsecureLoopbackProviders,
  };
}
