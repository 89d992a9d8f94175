/** Faults of what options hold: the parts that find them know what they are given by the names of variables. */

import { ConfigurationError } from '../core/errors.js';

/** Throws what it is given, with the faults of those variables under the names of the options that stood for them. */
export function nameOptions(options: Readonly<Record<string, string>>): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(error.faults.map(({ name, problem }) => ({ name: options[name] ?? name, problem })));
  };
}
