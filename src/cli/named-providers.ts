/** Providers that the operator names: an unknown one is reported as misspelt. */

import { catalogue } from '../../providers/index.js';
import { type ProviderId, providerIdSchema } from '../core/identifiers.js';
import { isDiscoveredId } from '../core/mcp-server.js';
import { isNear } from '../core/near-name.js';
import type { Config } from '../service/config.js';
import { CommandFailed, WrongCommandLine } from './exit.js';
import { withRunningSandbox } from './open-local.js';

/** Ids are shorter than names of variables. */
const leastLength = 4;

/**
 * The comma-separated ids in an option: from the catalogue, the configuration, or of an MCP server.
 *
 * @throws {CommandFailed} naming the option, and the provider that may be meant
 * @throws {WrongCommandLine} no provider can have that id
 */
export function parseProviders(option: string, text: string, config: Config): readonly ProviderId[] {
  const known = new Set([...catalogue.keys(), ...Object.keys(withRunningSandbox(config).providers)]);
  return text.split(',').map((part, at) => {
    const { data: id } = providerIdSchema.safeParse(part.trim());
    if (id === undefined) throw new WrongCommandLine(`${option}: is not of the form that is expected.`);
    if (known.has(id) || isDiscoveredId(id)) return id;
    const near = [...known].filter((each) => isNear(each, id, leastLength));
    const hint = near.length > 0 ? `is ${near.join(' or ')} meant?` : 'docs/providers.md lists those that are.';
    throw new CommandFailed(`${option}: number ${at + 1} is neither in the catalogue nor configured; ${hint}`);
  });
}

/** The single id in an option. @throws as {@link parseProviders}; {WrongCommandLine} there are several */
export function parseProvider(option: string, text: string, config: Config): ProviderId | undefined {
  const [id, ...others] = parseProviders(option, text, config);
  if (others.length > 0) throw new WrongCommandLine(`${option}: takes one provider.`);
  return id;
}
