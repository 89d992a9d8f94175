/** Reads REDIS_URL: where Redis is, in which topology, and the user to log in as. */

import { ConfigurationError } from '../../core/errors.js';

/** A host (name, IPv4, or IPv6 without brackets) and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What all topologies share. */
interface Login {
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
}

/** One server, a master that Sentinels know by name, or a Cluster known by some of its nodes. */
export type RedisAddress = Login &
  (
    | { readonly topology: 'single'; readonly node: HostPort; readonly database: number }
    | {
        readonly topology: 'sentinel';
        readonly sentinels: readonly HostPort[];
        readonly masterName: string;
        readonly database: number;
      }
    | { readonly topology: 'cluster'; readonly nodes: readonly HostPort[] }
  );

const pattern = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:(.*)@)?([^/?#@]+)(?:\/([^?#]*))?$/;

/**
 * Parses `redis://[user:pass@]host[:port][/db]`, `redis+sentinel://[user:pass@]h1:p,h2:p/master-name[/db]` and
 * `redis+cluster://[user:pass@]h1:p,h2:p`; `rediss` instead of `redis` means TLS. User, password and master name are
 * percent-encoded.
 *
 * @throws {ConfigurationError} names REDIS_URL and what is wrong, never its value
 */
export function parseRedisUrl(url: string): RedisAddress {
  const parts = pattern.exec(url);
  if (!parts) throw fault('must be redis://, rediss://, redis+sentinel:// or redis+cluster:// with a host');
  const [, scheme, topology = 'single', login, hosts = '', path = ''] = parts;
  const shared = { tls: scheme === 'rediss', ...parseLogin(login) };
  if (topology === 'cluster') {
    if (path !== '' && path !== '0') throw fault('a Cluster has no database numbers, so there is no path');
    return { ...shared, topology, nodes: parseHosts(hosts, 6379) };
  }
  if (topology === 'sentinel') {
    const [masterName = '', database] = path.split('/');
    if (masterName === '') throw fault('with Sentinel the path must be the name of the master');
    const sentinels = parseHosts(hosts, 26379);
    return { ...shared, topology, sentinels, masterName: decode(masterName), database: parseDatabase(database) };
  }
  const [node, ...others] = parseHosts(hosts, 6379);
  if (!node || others.length > 0) throw fault('several hosts need redis+sentinel:// or redis+cluster://');
  return { ...shared, topology: 'single', node, database: parseDatabase(path) };
}

function parseLogin(login: string | undefined): { username?: string; password?: string } {
  if (login === undefined) return {};
  const colon = login.indexOf(':');
  const [username, password] = [login.slice(0, Math.max(colon, 0)), login.slice(colon + 1)].map(decode);
  if (colon < 0 || !password) throw fault('the part before @ must be user:password or :password');
  return username ? { username, password } : { password };
}

function parseHosts(text: string, defaultPort: number): readonly HostPort[] {
  return text.split(',').map((each) => {
    const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(each.trim());
    const port = Number(parts?.[3] ?? defaultPort);
    if (!parts || port < 1 || port > 65535) throw fault('a host must be name:port, IPv4:port or [IPv6]:port');
    return { host: parts[1] ?? parts[2] ?? '', port };
  });
}

function parseDatabase(text: string | undefined): number {
  if (!text) return 0;
  if (!/^\d{1,4}$/.test(text)) throw fault('the database must be a number');
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault('a percent sign in user, password or name must be written %25');
  }
}

function fault(problem: string): ConfigurationError {
  return new ConfigurationError([{ name: 'REDIS_URL', problem }]);
}
